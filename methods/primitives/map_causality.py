"""Whether a map is causal: whether there is no zero on the way to it from the real cube (`methods/core/causality.py`).

With arg c_i → τ arg c_i, τ from 0 to 1, a map moves the real cube to its contour.
"""

from __future__ import annotations

import torch

from methods.base import ParametricIntegral
from methods.core.causality import around_other_zeros, polynomial_on_the_way
from methods.primitives.contour_map import ContourMap

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
        Share of the points at which F has Im F > 0 and Re F <= 0 for some τ, or which lie around a zero of another
        denominator.
    float
        Smallest |F| on the contour.
    """
    of_map = t[:, list(contour.order)]
    bases = contour.bases(u, of_map)

    def x(tau: float) -> torch.Tensor:
        moved = contour.towards_real(tau)
        return torch.stack(moved.move(list(of_map.T), *moved.log_c(bases))[0], dim=1)

    on_the_way = torch.stack(polynomial_on_the_way(term, s, x))
    largest = on_the_way.abs().amax(dim=1, keepdim=True)
    wrong = ((on_the_way.imag > ROUNDING * largest) & (on_the_way.real <= 0)).any(dim=0)
    for around in around_other_zeros(term, s, x):
        wrong |= around
    return float(wrong.double().mean()), float(on_the_way[-1].abs().min())
