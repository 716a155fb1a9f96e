"""The integrals: each equation is written here, once, and nowhere else.

Everything that evaluates an integrand, from NumPy to pySecDec, is made from these formulas.

notation: m_t² = 1 throughout, so s12, s14 and mH2 are the papers' s_12/m_t², s_14/m_t² and m_H²/m_t².
"""

from __future__ import annotations

from methods.base import ParametricIntegral

_LOW, _HIGH = (-30.0, -30.0, -30.0), (-3.0, -3.0, -3.0)
"""The Euclidean region of JHEP eq. 3.6, where F > 0."""

box1l = ParametricIntegral.from_expression(
    name="box1l",
    variables=("x1", "x2", "x3"),
    parameters=("s12", "s14", "mH2"),
    expression="1/F**2",
    definitions={"F": "(1 + x1 + x2 + x3)**2 - s14*x2 - s12*x1*x3 - mH2*(x2*x3 + x1*x2)"},
    source="Maître & Santos-Mateos, JHEP 03 (2023) 221, eq. 3.1-3.2 (I1)",
    low=_LOW,
    high=_HIGH,
)

box2l = ParametricIntegral.from_expression(
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
    low=_LOW,
    high=_HIGH,
)
