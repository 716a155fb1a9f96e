"""One-loop integrals above threshold: F changes sign in the cube, stands for F − i0, and I(s) is complex.

    bubble      ∫ dx / (1 − s x(1−x))                          threshold s = 4
    triangle    ∫ ρ dρ da / (1 − s ρ² a(1−a))                  threshold s = 4
    box         ∫ 2ρ(1−ρ)(1+v)² dρ dv db / F²                  threshold s12 = 4

    F = (1+v)² − s12 ρ² v − s14 (1−ρ)²(1+v)² b(1−b) − mH2 ρ(1−ρ)(1+v)² (1−b)

The box is gg → HH through a top loop, I1 of JHEP 03 (2023) 221 with all its sectors. Written as one integrand, with
X1 : X3 = v : 1, X0 : X2 = b : 1 − b and ρ between the two pairs, it has no artificial faces (v in [0, 1] counts twice
by the symmetry X1 ↔ X3), and F no zeros at corners of the cube, where no contour could be moved: sectors have some, at
s12 = 9 and elsewhere. `box1l_sectors_physical` is the same function of s as a sum of sectors.

For mH2 > 2 there is an anomalous threshold at mH2 (4 − mH2); all boxes stay below.

notation: m_t² = 1; s is the papers' s/m²; β = √(1 − 4/s).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import mpmath
import numpy as np

from methods.base import ParametricIntegral

DIGITS = 30
"""Decimal digits of the closed forms."""

HIGGS = 0.5227
"""mH²/m_t² = 125²/172.9²."""

TOP_LOOP = "gg → HH through a top loop, JHEP 03 (2023) 221, eq. 3.1-3.2, all sectors"

Ranges = Mapping[str, tuple[float, float]]

ABOVE: Ranges = {"s12": (4.5, 30.0), "s14": (-30.0, -3.0), "mH2": (0.5, 1.5)}


def _at(function: Callable[[mpmath.mpf], mpmath.mpc]) -> Callable[[np.ndarray], np.ndarray]:
    """Evaluate a function of s to DIGITS digits, at s (n, 1): (n,) complex128."""

    def values(s: np.ndarray) -> np.ndarray:
        with mpmath.workdps(DIGITS):
            rows = np.asarray(s, dtype=np.float64)[:, 0].tolist()
            return np.array([complex(function(mpmath.mpf(row))) for row in rows], dtype=np.complex128)

    return values


def _bubble(s: mpmath.mpf) -> mpmath.mpc:
    """Compute 2/(sβ) [log((1 − β)/(1 + β)) + iπ] for s > 4."""
    beta = mpmath.sqrt(1 - 4 / s)
    return 2 / (s * beta) * (mpmath.log((1 - beta) / (1 + beta)) + 1j * mpmath.pi)


def _triangle(s: mpmath.mpf) -> mpmath.mpc:
    """Compute −[log((1 + β)/(1 − β)) − iπ]²/(2s) for s > 4."""
    beta = mpmath.sqrt(1 - 4 / s)
    return -((mpmath.log((1 + beta) / (1 - beta)) - 1j * mpmath.pi) ** 2) / (2 * s)


def bubble_physical() -> ParametricIntegral:
    """Return the bubble in two dimensions over s in [4.5, 30]."""
    return ParametricIntegral.from_expression(
        name="bubble_physical", variables=("x1",), parameters=("s",), low=(4.5,), high=(30.0,), expression="1/F",
        definitions={"F": "1 - s*x1*(1 - x1)"}, prescription="F", exact=_at(_bubble),
        source="'t Hooft & Veltman, Nucl. Phys. B 153 (1979) 365, above threshold",
    )  # fmt: skip


def triangle_physical() -> ParametricIntegral:
    """Return the triangle with one massive leg over s in [4.5, 30]; x1 = ρ, x2 = a."""
    return ParametricIntegral.from_expression(
        name="triangle_physical", variables=("x1", "x2"), parameters=("s",), low=(4.5,), high=(30.0,),
        expression="x1/F", definitions={"F": "1 - s*x1**2*x2*(1 - x2)"}, prescription="F", exact=_at(_triangle),
        source="'t Hooft & Veltman, Nucl. Phys. B 153 (1979) 365, −C0(0, 0, s; 1, 1, 1) above threshold",
    )  # fmt: skip


def _box(name: str, ranges: Ranges, mass: str = "mH2") -> ParametricIntegral:
    """Return the box as one integrand; x1 = ρ, x2 = v, x3 = b."""
    low, high = zip(*ranges.values(), strict=True)
    weighted = "x1*(1 - x1)*(1 + x2)**2"
    f = (
        "(1 + x2)**2 - s12*x1**2*x2 - s14*(1 - x1)**2*(1 + x2)**2*x3*(1 - x3) "
        f"- ({mass})*{weighted}*(1 - x3)"
    )  # fmt: skip
    return ParametricIntegral.from_expression(
        name=name, variables=("x1", "x2", "x3"), parameters=tuple(ranges), low=low, high=high,
        expression=f"2*{weighted}/F**2", definitions={"F": f}, prescription="F", source=TOP_LOOP,
    )  # fmt: skip


def box1l_physical() -> ParametricIntegral:
    """Return the box above threshold."""
    return _box("box1l_physical", ABOVE)


def box1l_hh() -> ParametricIntegral:
    """Return the box at the masses of Higgs boson and top quark."""
    return _box("box1l_hh", {"s12": (4.5, 30.0), "s14": (-30.0, -0.1)}, str(HIGGS))


def box1l_threshold_above() -> ParametricIntegral:
    """Return the box right above threshold, where the contour is pinched: β goes down to 0.05."""
    return _box("box1l_threshold_above", {**ABOVE, "s12": (4.01, 6.0)})


def box1l_crossing() -> ParametricIntegral:
    """Return the box on both sides of the threshold."""
    return _box("box1l_crossing", {**ABOVE, "s12": (2.0, 8.0)})


def box1l_sectors_physical() -> ParametricIntegral:
    """Return the box above threshold as the sum of its four sectors, X_i being the largest in the i-th."""
    low, high = zip(*ABOVE.values(), strict=True)
    variables = ("x1", "x2", "x3")
    definitions = {}
    for i in range(4):
        x = [*variables[:i], "1", *variables[i:]]
        products = [f"s12*{x[1]}*{x[3]}", f"s14*{x[0]}*{x[2]}", f"mH2*{x[2]}*({x[1]} + {x[3]})"]
        definitions[f"F{i + 1}"] = f"({' + '.join(x)})**2 - {' - '.join(products)}"
    return ParametricIntegral.from_expression(
        name="box1l_sectors_physical", variables=variables, parameters=tuple(ABOVE), low=low, high=high,
        expression=" + ".join(f"1/{name}**2" for name in definitions), definitions=definitions, prescription="F",
        source=TOP_LOOP,
    )  # fmt: skip
