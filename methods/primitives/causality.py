"""Whether a complex contour is causal: whether F − i0 has no zero on the way to it from the real cube.

With arg c_i → τ arg c_i, τ from 0 to 1, a map moves the real cube to its contour. The integral stays that of F − i0 as
long as F meets no zero on the way; it meets none where never Im F > 0 and Re F ≤ 0. "Im F ≤ 0 all over the contour"
would refuse good maps: on one-loop integrals Im F > 0 at a tenth of the points, where Re F > 0. A sample can refute
this, and proves nothing: that two maps agree is the better evidence.
"""

from __future__ import annotations

import torch

from methods.base import ParametricIntegral
from methods.primitives.contour_map import ContourMap

STEPS = 8
"""Values of τ that are looked at."""

ROUNDING = 1e-12
"""Im F up to this times the largest |F| is not above zero: at corners of the cube F is real whatever the map."""


def share_not_causal(
    term: ParametricIntegral, contour: ContourMap, s: torch.Tensor, u: torch.Tensor, t: torch.Tensor
) -> tuple[float, float]:
    """Look at points along the way.

    Parameters
    ----------
    term : ParametricIntegral
        A term with a prescription.
    contour : ContourMap
        Its map.
    s, u : tensors (n, m)
        Phase-space points and their coordinates.
    t : tensor (n, k)
        Points of the unit cube, columns as those of x.

    Returns
    -------
    float
        Share of the points at which F has Im F > 0 and Re F <= 0 for some τ.
    float
        Smallest |F| on the contour, over the largest.
    """
    of_map = t[:, list(contour.order)]
    bases = contour.bases(u, of_map)
    wrong = torch.zeros(len(t), dtype=torch.bool, device=t.device)
    for step in range(1, STEPS + 1):
        moved = contour.towards_real(step / STEPS)
        x, _ = moved.move(list(of_map.T), *moved.log_c(bases))
        (f,) = term.polynomial(s, torch.stack(x, dim=1))
        wrong |= (f.imag > ROUNDING * f.abs().max()) & (f.real <= 0)
    return float(wrong.double().mean()), float(f.abs().min() / f.abs().max())
