"""I2: one sector of the planar two-loop box for gg → HH through top loops, as the paper prints it.

All sectors of that box, made from its propagators, are in references/loops/box2l.json; this is one of them.

notation: m_t² = 1, so s12, s14 and mH2 are the paper's s_12/m_t², s_14/m_t² and m_H²/m_t².
"""

from __future__ import annotations

from methods.base import ParametricIntegral


def box2l() -> ParametricIntegral:
    """Return I2; every coefficient of U and F is positive over the box, so F > 0 by its form."""
    return ParametricIntegral.from_expression(
        name="box2l",
        variables=("x1", "x2", "x3", "x4", "x5", "x6"),
        parameters=("s12", "s14", "mH2"),
        expression="2*U*x4/F**3",
        definitions={
            "U": """
                1 + x6 + x5 + x5*x6 + x4*x6 + x3 + x3*x5 + x3*x4*x6 + x2 + x2*x5 + x2*x4*x6 + x1 + x1*x6 + x1*x3 + x1*x2
            """,
            # JHEP eq. 3.4 is this, multiplied out: m_t² multiplies U times the Feynman parameters of the massive
            # propagators. The test compares with the equation as printed, term by term.
            "F": """
                U*(1 + x1 + x5 + x4*(1 + x2 + x3))
                - s12*(x5 + x5*x6 + x4*x6 + x3*x5 + x2*x5 + x2*x4 + x2*x4*x5 + x2*x4*x5*x6 + x2*x4**2*x6 + x1*x2*x4)
                - s14*x1*x3*x4*x6
                - mH2*(x3*x4 + x3*x4*x6 + x3*x4*x5 + x3*x4*x5*x6 + x3*x4**2*x6 + x2*x3*x4 + x2*x3*x4*x5 + x2*x3*x4**2*x6
                       + x1*x3*x4 + x1*x2*x3*x4)
            """,
        },
        source="Maître & Santos-Mateos, JHEP 03 (2023) 221, eq. 3.3-3.5 (I2)",
        low=(-30.0,) * 3,
        high=(-3.0,) * 3,
    )
