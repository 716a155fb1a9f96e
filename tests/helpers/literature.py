"""Full one-loop triangles and boxes in D = 4 whose values the literature gives in closed form.

All propagators have power one, no invariant is positive, and the normalisation is that of sector decomposition:

    I = Γ(N - 2) ∫ d^Nα δ(1 - Σ α) U^(N-4) / F^(N-2),    U = Σ α,    F = U Σ_i m_i² α_i - Σ_{i<j} s_ij α_i α_j,

where s_ij is the square of the momentum that flows in between propagators i and j. These are (-1)^N times the usual
C0 and D0 (∫ d⁴q/(iπ²) Π 1/(q² - m²)), so that all are positive. They are what a sum over all sectors must give.

    triangle_equal_masses   one mass, one leg off shell      log²
    triangle_massless       no mass, three legs off shell    dilogarithms, the function Φ of Usyukina & Davydychev
    box_equal_masses        one mass, all legs massless      dilogarithms
    box_massless            no mass, all legs off shell      Φ again
"""

from __future__ import annotations

import math
from typing import Any

import mpmath

from methods.base import InputError

DIGITS = 60
"""Decimal digits used. Near s = 0, and near z = w below, a function is nearly 0/0: that costs at most half of them."""


@mpmath.workdps(DIGITS)
def triangle_equal_masses(s: float, m2: float) -> float:
    """Return the triangle of three propagators of mass² `m2`, two legs massless: F = m2 (Σ α)² - s α_1 α_2.

        I = -1/(2 s) log²((β + 1)/(β - 1)),    β = √(1 - 4 m2/s)

    The top-quark triangle of Higgs production: M. Spira, A. Djouadi, D. Graudenz, P. Zerwas, Nucl. Phys. B 453 (1995)
    17, where log² stands in f(τ), τ = s/(4 m2).

    Parameters
    ----------
    s, m2 : float
        The off-shell leg, below 0, and the mass², above 0.

    Raises
    ------
    InputError
        For s >= 0 or m2 <= 0.
    """
    m2, s = _checked(m2, s=s)
    beta = mpmath.sqrt(1 - 4 * m2 / s)
    return float(-(mpmath.log((beta + 1) / (beta - 1)) ** 2) / (2 * s))


@mpmath.workdps(DIGITS)
def triangle_massless(p1: float, p2: float, p3: float) -> float:
    """Return the triangle of massless propagators, with three legs off shell.

        F = -p1 α_1 α_2 - p2 α_2 α_3 - p3 α_3 α_1,    I = Φ(p1/p3, p2/p3)/(-p3)

    N. Usyukina, A. Davydychev, Phys. Lett. B 298 (1993) 363; in the form of F. Chavez, C. Duhr, JHEP 11 (2012) 114,

        Φ(x, y) = (2 Li_2(z) - 2 Li_2(w) + log(z w) log((1 - z)/(1 - w)))/(z - w),    z w = x, (1 - z)(1 - w) = y.

    Parameters
    ----------
    p1, p2, p3 : float
        Squares of the momenta, all below 0, in any order.

    Raises
    ------
    InputError
        Where one is not below 0.
    """
    _, *legs = _checked(1, p1=p1, p2=p2, p3=p3)
    return float(_triangle(*legs))


@mpmath.workdps(DIGITS)
def box_equal_masses(s: float, t: float, m2: float) -> float:
    """Return the box of four propagators of mass² `m2`, all legs massless: F = m2 (Σ α)² - s α_1 α_3 - t α_2 α_4.

        I = 2/(s t β) {2 log²((β + β_s)/(β + β_t)) + log((β - β_s)/(β + β_s)) log((β - β_t)/(β + β_t)) - π²/2
            + Σ_{i=s,t} [2 Li_2((β_i - 1)/(β + β_i)) - 2 Li_2((β_i - β)/(β_i + 1)) - log²((β_i + 1)/(β + β_i))]},
        β_i = √(1 - 4 m2/i),    β = √(1 - 4 m2/s - 4 m2/t)

    The box of photon-photon scattering: A. Davydychev, hep-ph/9307323, eq. 9; also S. Caron-Huot, J. Henn, JHEP 06
    (2014) 114, eq. 2.6.

    Parameters
    ----------
    s, t, m2 : float
        The invariants of the two channels, below 0, and the mass², above 0.

    Raises
    ------
    InputError
        For s >= 0, t >= 0 or m2 <= 0.
    """
    m2, s, t = _checked(m2, s=s, t=t)
    log, li2 = mpmath.log, lambda x: mpmath.polylog(2, x)
    b = mpmath.sqrt(1 - 4 * m2 / s - 4 * m2 / t)
    bs, bt = (mpmath.sqrt(1 - 4 * m2 / i) for i in (s, t))
    total = 2 * log((b + bs) / (b + bt)) ** 2 + log((b - bs) / (b + bs)) * log((b - bt) / (b + bt)) - mpmath.pi**2 / 2
    for bi in (bs, bt):
        total += 2 * li2((bi - 1) / (b + bi)) - 2 * li2((bi - b) / (bi + 1)) - log((bi + 1) / (b + bi)) ** 2
    return float(2 * total / (s * t * b))


@mpmath.workdps(DIGITS)
def box_massless(s: float, t: float, p1: float, p2: float, p3: float, p4: float) -> float:
    """Return the box of massless propagators, with four legs off shell.

        F = -s α_1 α_3 - t α_2 α_4 - p1 α_1 α_2 - p2 α_2 α_3 - p3 α_3 α_4 - p4 α_4 α_1
        I = Φ(p1 p3/(s t), p2 p4/(s t))/(s t)

    with the Φ of the triangle: N. Usyukina, A. Davydychev, Phys. Lett. B 298 (1993) 363.

    Parameters
    ----------
    s, t : float
        The invariants of the two channels, below 0.
    p1, p2, p3, p4 : float
        Squares of the momenta of the legs in their order around the box, all below 0.

    Raises
    ------
    InputError
        Where one is not below 0.
    """
    _, s, t, p1, p2, p3, p4 = _checked(1, s=s, t=t, p1=p1, p2=p2, p3=p3, p4=p4)
    return float(_triangle(-p1 * p3, -p2 * p4, -s * t))


def _triangle(p1: Any, p2: Any, p3: Any) -> Any:
    """Return Φ(p1/p3, p2/p3)/(-p3). It is symmetric; with |p3| the largest no logarithm meets its cut."""
    p1, p2, p3 = sorted((p1, p2, p3), reverse=True)
    x, y = p1 / p3, p2 / p3
    discriminant = (p1**2 + p2**2 + p3**2 - 2 * (p1 * p2 + p2 * p3 + p3 * p1)) / p3**2
    if discriminant == 0:
        # The limit z -> w, where √x + √y = 1.
        return (mpmath.log(x) / mpmath.sqrt(y) + mpmath.log(y) / mpmath.sqrt(x)) / p3
    root = mpmath.sqrt(discriminant)
    z, w = (1 + x - y + root) / 2, (1 + x - y - root) / 2
    # z and w are real, or conjugate: then numerator and root are imaginary.
    dilogarithms = 2 * mpmath.polylog(2, z) - 2 * mpmath.polylog(2, w)
    return -mpmath.re((dilogarithms + mpmath.log(x) * (mpmath.log(1 - z) - mpmath.log(1 - w))) / root) / p3


def _checked(m2: float, **invariants: float) -> list[Any]:
    """Return the arguments as numbers of mpmath, the mass first. Raises InputError outside the Euclidean region."""
    if not 0 < m2 < math.inf:
        raise InputError(f"m2 = {m2} is not a positive mass²; give one above 0.")
    for name, value in invariants.items():
        if not -math.inf < value < 0:
            raise InputError(f"{name} = {value} lies outside the Euclidean region; give a value below 0.")
    return [mpmath.mpf(m2), *map(mpmath.mpf, invariants.values())]
