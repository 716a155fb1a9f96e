"""I2: one sector of the planar two-loop box for gg → HH through top loops, as the paper prints it.

All sectors of that box, made from its propagators, are in references/loops/box2l.json; this is one of them. Above
threshold it is in `two_loops_physical.py`.

notation: m_t² = 1, so s12, s14 and mH2 are the paper's s_12/m_t², s_14/m_t² and m_H²/m_t².
"""

from __future__ import annotations

from collections.abc import Mapping

from methods.base import ParametricIntegral

SOURCE = "Maître & Santos-Mateos, JHEP 03 (2023) 221, eq. 3.3-3.5 (I2)"

U = "1 + x6 + x5 + x5*x6 + x4*x6 + x3 + x3*x5 + x3*x4*x6 + x2 + x2*x5 + x2*x4*x6 + x1 + x1*x6 + x1*x3 + x1*x2"

# JHEP eq. 3.4 is this, multiplied out: m_t² multiplies U times the Feynman parameters of the massive propagators. The
# test compares with the equation as printed, term by term.
F = """
    U*(1 + x1 + x5 + x4*(1 + x2 + x3))
    - s12*(x5 + x5*x6 + x4*x6 + x3*x5 + x2*x5 + x2*x4 + x2*x4*x5 + x2*x4*x5*x6 + x2*x4**2*x6 + x1*x2*x4)
    - s14*x1*x3*x4*x6
    - mH2*(x3*x4 + x3*x4*x6 + x3*x4*x5 + x3*x4*x5*x6 + x3*x4**2*x6 + x2*x3*x4 + x2*x3*x4*x5 + x2*x3*x4**2*x6
           + x1*x3*x4 + x1*x2*x3*x4)
"""


def sector(
    name: str, ranges: Mapping[str, tuple[float, float]], *, mass: str = "mH2", prescription: str | None = None,
    source: str = SOURCE,
) -> ParametricIntegral:  # fmt: skip
    """Return I2 over a box of its invariants, of which mH2 may be a number, given as text, in place of a range."""
    low, high = zip(*ranges.values(), strict=True)
    return ParametricIntegral.from_expression(
        name=name, variables=("x1", "x2", "x3", "x4", "x5", "x6"), parameters=tuple(ranges), low=low, high=high,
        expression="2*U*x4/F**3", definitions={"U": U, "F": F.replace("mH2", mass)}, prescription=prescription,
        source=source,
    )  # fmt: skip


def box2l() -> ParametricIntegral:
    """Return I2; every coefficient of U and F is positive over the box, so F > 0 by its form."""
    return sector("box2l", dict.fromkeys(("s12", "s14", "mH2"), (-30.0, -3.0)))
