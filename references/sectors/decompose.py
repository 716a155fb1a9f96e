"""Sector decomposition of a loop integral by pySecDec: from propagators to integrals over the unit cube.

    I(s) = Γ(N − L D/2) ∫ Π dα_i δ(1 − Σα_i) U^{N − (L+1) D/2} / F^{N − L D/2}
         = Γ(N − L D/2) Σ_sectors c ∫_[0,1]^{N−1} Π x_i^{a_i} U_sector^u F_sector^{−f} dx

with U and F of `symanzik.py`. Primary sectors make one α the largest; iterative decomposition then factors the
monomials out of U and F. Sectors that differ by the names of the x_i only are one, counted c times. A sector whose F
changes sign in the box of s stands for F − i0.

Binoth & Heinrich, Nucl. Phys. B 585 (2000) 741; Pak, J. Phys. Conf. Ser. 368 (2012) 012049 (the symmetries);
Borowka et al., Comput. Phys. Commun. 222 (2018) 313 (pySecDec).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy

from methods.base import InputError
from references.sectors import positivity, symanzik
from references.sectors.loop_input import LoopInput
from references.sectors.sector import Sector


def decompose(loop: LoopInput, progress: Callable[[str], Any] = lambda _: None) -> tuple[int, list[Sector]]:
    """Return Γ(N − L D/2) and the distinct sectors.

    Raises
    ------
    InputError
        Where pySecDec is missing or cannot read the graph, an ε-pole is left, or it cannot be decided whether F changes
        sign in the box: the sentence names the sector.
    """
    polynomials = symanzik.polynomials(loop)
    from pySecDec.decomposition import Sector as Cast
    from pySecDec.decomposition import iterative

    primary = iterative.primary_decomposition(Cast([polynomials.U, polynomials.F]))
    sectors = [sector for first in primary for sector in iterative.iterative_decomposition(first)]
    progress(f"{len(primary)} primary sectors, {len(sectors)} after iteration")
    sectors = _distinct(sectors)
    progress(f"{len(sectors)} distinct up to the names of the Feynman parameters")
    return polynomials.prefactor, [
        _finite_sector(loop, number, sector, polynomials) for number, sector in enumerate(sectors, start=1)
    ]


def _distinct(sectors: list[Any]) -> list[Any]:
    """Keep one of those sectors that differ by the names of their variables only, with their number as coefficient.

    pySecDec's own function for this numbers coefficients by Python's hashes, which change from run to run.
    """
    from pySecDec.matrix_sort import Pak_sort

    polynomials = [[product.factors[1] for product in sector.cast] for sector in sectors]
    texts = sorted({str(c) for pair in polynomials for polynomial in pair for c in polynomial.coeffs})
    number = {text: i for i, text in enumerate(texts, start=1)}
    first: dict[bytes, Any] = {}
    for sector, pair in zip(sectors, polynomials, strict=True):
        monomials = [sector.Jacobian, *(product.factors[0] for product in sector.cast)]
        # One row per monomial: whose it is and its coefficient's number, then its powers.
        rows = [[-i, *monomial.expolist[0]] for i, monomial in enumerate(monomials)]
        for i, polynomial in enumerate(pair):
            rows += [
                [i * len(number) + number[str(c)], *powers]
                for c, powers in zip(polynomial.coeffs, polynomial.expolist, strict=True)
            ]
        matrix = np.array(rows, dtype=int)
        Pak_sort(matrix)
        if (kept := first.setdefault(matrix.tobytes(), sector)) is not sector:
            kept.Jacobian.coeffs[0] += sector.Jacobian.coeffs[0]
    return list(first.values())


def _finite_sector(loop: LoopInput, number: int, sector: Any, polynomials: symanzik.Symanzik) -> Sector:
    """Turn pySecDec's sector into ours, once it is known to be finite, and which sign its F has."""
    (U_monomial, U), (F_monomial, F) = (product.factors for product in sector.cast)
    u, f = polynomials.U_power, polynomials.F_power
    variables = tuple(sympy.Symbol(f"x{i + 1}") for i in range(U.number_of_variables))
    powers = sector.Jacobian.expolist[0] + u * U_monomial.expolist[0] + f * F_monomial.expolist[0]
    if np.any(powers < 0):
        i = int(np.argmin(powers))
        without_U = powers[i] - u * U_monomial.expolist[0][i]
        advice = (
            "and this is a subdivergence: U says that a loop in it diverges at large momenta, which no mass "
            "cures, so give that loop more propagators or lower the dimension"
            if without_U >= 0
            else "so give massive propagators or off-shell legs"
        )
        raise InputError(
            f"Sector {number} of {loop.name} holds {variables[i]}**({powers[i]}) at ε = 0, a pole in ε; only integrals "
            f"that are finite in each sector can be benchmarked, {advice}."
        )
    formulas = [polynomials.formula(polynomial, variables) for polynomial in (U, F)]
    parameters = tuple(sympy.Symbol(name) for name in loop.parameters)
    try:
        sign = positivity.sign_of(formulas[1], variables, parameters, loop.low, loop.high)
    except InputError as problem:
        raise InputError(f"F of sector {number} of {loop.name} {problem}.") from problem
    return Sector(
        int(sector.Jacobian.coeffs[0]), tuple(map(int, powers)), str(formulas[0]), u, str(formulas[1]), f, sign,
        prescription="F" if sign == positivity.CHANGES else None,
    )  # fmt: skip
