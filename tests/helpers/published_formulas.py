"""Polynomials as the papers print them."""

F1 = """
    mt2 + 2*x3*mt2 + x3**2*mt2 + 2*x2*mt2 - x2*s14 + 2*x2*x3*mt2 - x2*x3*mH2 + x2**2*mt2 + 2*x1*mt2 + 2*x1*x3*mt2
    - x1*x3*s12 + 2*x1*x2*mt2 - x1*x2*mH2 + x1**2*mt2
"""
"""JHEP eq. 3.2 as printed."""

F2 = """
    mt2 + x6*mt2 + 2*x5*mt2 - x5*s12 + 2*x5*x6*mt2 - x5*x6*s12 + x5**2*mt2 + x5**2*x6*mt2 + x4*mt2 + 2*x4*x6*mt2
    - x4*x6*s12 + x4*x5*mt2 + 2*x4*x5*x6*mt2 + x4**2*x6*mt2 + x3*mt2 + 2*x3*x5*mt2 - x3*x5*s12 + x3*x5**2*mt2
    + 2*x3*x4*mt2 - x3*x4*mH2 + 2*x3*x4*x6*mt2 - x3*x4*x6*mH2 + 2*x3*x4*x5*mt2 - x3*x4*x5*mH2
    + 2*x3*x4*x5*x6*mt2 - x3*x4*x5*x6*mH2 + 2*x3*x4**2*x6*mt2 - x3*x4**2*x6*mH2 + x3**2*x4*mt2 + x3**2*x4*x5*mt2
    + x3**2*x4**2*x6*mt2 + x2*mt2 + 2*x2*x5*mt2 - x2*x5*s12 + x2*x5**2*mt2 + 2*x2*x4*mt2 - x2*x4*s12 + 2*x2*x4*x6*mt2
    + 2*x2*x4*x5*mt2 - x2*x4*x5*s12 + 2*x2*x4*x5*x6*mt2 - x2*x4*x5*x6*s12 + 2*x2*x4**2*x6*mt2
    - x2*x4**2*x6*s12 + 2*x2*x3*x4*mt2 - x2*x3*x4*mH2 + 2*x2*x3*x4*x5*mt2 - x2*x3*x4*x5*mH2
    + 2*x2*x3*x4**2*x6*mt2 - x2*x3*x4**2*x6*mH2 + x2**2*x4*mt2 + x2**2*x4*x5*mt2 + x2**2*x4**2*x6*mt2 + 2*x1*mt2
    + 2*x1*x6*mt2 + 2*x1*x5*mt2 + 2*x1*x5*x6*mt2 + x1*x4*mt2 + 2*x1*x4*x6*mt2 + 2*x1*x3*mt2 + 2*x1*x3*x5*mt2
    + 2*x1*x3*x4*mt2 - x1*x3*x4*mH2 + 2*x1*x3*x4*x6*mt2 - x1*x3*x4*x6*s14 + x1*x3**2*x4*mt2 + 2*x1*x2*mt2
    + 2*x1*x2*x5*mt2 + 2*x1*x2*x4*mt2 - x1*x2*x4*s12 + 2*x1*x2*x4*x6*mt2 + 2*x1*x2*x3*x4*mt2
    - x1*x2*x3*x4*mH2 + x1*x2**2*x4*mt2 + x1**2*mt2 + x1**2*x6*mt2 + x1**2*x3*mt2 + x1**2*x2*mt2
"""
"""JHEP eq. 3.4 as printed."""

U2 = """
    1 + x6 + x5 + x5*x6 + x4*x6 + x3 + x3*x5 + x3*x4*x6 + x2 + x2*x5 + x2*x4*x6 + x1 + x1*x6 + x1*x3 + x1*x2
"""
"""JHEP eq. 3.5 as printed."""
