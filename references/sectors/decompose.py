"""Sector decomposition of a loop integral by pySecDec: from propagators to integrals over the unit cube.

    I(s) = Γ(N − L D/2) ∫ Π dα_i δ(1 − Σα_i) U^{N − (L+1) D/2} / F^{N − L D/2}
         = Γ(N − L D/2) Σ_sectors c ∫_[0,1]^{N−1} Π x_i^{a_i} U_sector^u F_sector^{−f} dx

for N propagators of power one and L loops in D dimensions (at ε = 0, and without the sign (−1)^N of the Minkowskian
integral). Primary sectors make one α the largest; iterative decomposition then factors the monomials out of U and F.
Sectors that differ by the names of the x_i only are one, counted c times.

Binoth & Heinrich, Nucl. Phys. B 585 (2000) 741; Pak, J. Phys. Conf. Ser. 368 (2012) 012049 (the symmetries);
Borowka et al., Comput. Phys. Commun. 222 (2018) 313 (pySecDec).
"""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import sympy

from methods.base import InputError
from methods.core.expression import parse
from references.sectors import positivity
from references.sectors.loop_input import LoopInput


class Sector(NamedTuple):
    """One integrand: Π x_i^{a_i} U^u F^{−f} over the unit cube, counted `multiplicity` times."""

    multiplicity: int
    powers: tuple[int, ...]
    """a_i."""
    U: str
    U_power: int
    F: str
    F_power: int
    """−f: negative."""
    positive: str
    """Argument that F > 0 over the box."""


def decompose(loop: LoopInput, progress: Callable[[str], Any] = lambda _: None) -> tuple[int, list[Sector]]:
    """Return Γ(N − L D/2) and the distinct sectors.

    Raises
    ------
    InputError
        Where pySecDec is missing or cannot read the graph, an ε-pole is left, or F is not positive over the box: the
        sentence names the sector.
    """
    try:
        importlib.metadata.version("pysecdec")
    except importlib.metadata.PackageNotFoundError as problem:
        raise InputError("Sector decomposition needs pySecDec; run `pip install loopmark[pysecdec]`.") from problem
    from pySecDec.decomposition import Sector as Cast
    from pySecDec.decomposition import iterative

    symbols = loop.symbols()
    U, F, u, f = _polynomials(loop, symbols)
    if f >= 0:
        raise InputError(
            f"{loop.name} has a pole in ε in all its sectors: its Γ(N − L D/2) is Γ({-f}), a divergence at large loop "
            "momenta; raise the number of propagators or lower the dimension."
        )
    _check_symbols(loop, symbols, F)
    primary = iterative.primary_decomposition(Cast([U, F]))
    sectors = [sector for first in primary for sector in iterative.iterative_decomposition(first)]
    progress(f"{len(primary)} primary sectors, {len(sectors)} after iteration")
    sectors = _distinct(sectors)
    progress(f"{len(sectors)} distinct up to the names of the Feynman parameters")
    back = {symbol: sympy.Symbol(name) for name, symbol in symbols.items()}
    return math.factorial(-f - 1), [
        _finite_sector(loop, number, sector, (u, f), back) for number, sector in enumerate(sectors, start=1)
    ]


def _polynomials(loop: LoopInput, symbols: dict[str, sympy.Symbol]) -> tuple[Any, Any, int, int]:
    """Return U, F and their powers at ε = 0."""
    # pySecDec works when it is asked for U, and checks its input by assertions whose texts are meant for its users.
    try:
        integral = _loop_integral(loop, symbols)
        return integral.U, integral.F, _at_eps_0(integral.exponent_U), _at_eps_0(integral.exponent_F)
    except InputError:
        raise
    except (AssertionError, ValueError, IndexError, KeyError, TypeError, RecursionError) as problem:
        raise InputError(f"pySecDec cannot read {loop.name}: {type(problem).__name__} {problem}.") from problem


def _loop_integral(loop: LoopInput, symbols: dict[str, sympy.Symbol]) -> Any:
    from pySecDec.loop_integral import LoopIntegralFromGraph, LoopIntegralFromPropagators

    def renamed(formula: str) -> str:
        return str(parse(formula, symbols))

    rules = [(renamed(left), renamed(right)) for left, right in loop.rules.items()]
    common = {"replacement_rules": rules, "dimensionality": f"{loop.dimension}-2*eps"}
    if loop.lines:
        masses = {**symbols, "0": 0}
        return LoopIntegralFromGraph(
            internal_lines=[[str(masses[mass]), [a, b]] for mass, a, b in loop.lines],
            external_lines=[[str(symbols[momentum]), vertex] for momentum, vertex in loop.legs],
            **common,
        )
    return LoopIntegralFromPropagators(
        propagators=[renamed(p) for p in loop.propagators],
        loop_momenta=[str(symbols[p]) for p in loop.loop_momenta],
        external_momenta=[str(symbols[p]) for p in loop.external_momenta],
        **common,
    )


def _at_eps_0(exponent: Any) -> int:
    return int(sympy.sympify(exponent).subs("eps", 0))


def _check_symbols(loop: LoopInput, symbols: dict[str, sympy.Symbol], F: Any) -> None:
    used = set().union(*(sympy.sympify(c).free_symbols for c in F.coeffs))
    names = {symbol: name for name, symbol in symbols.items()}
    if left := {names.get(symbol, str(symbol)) for symbol in used} - set(loop.parameters):
        raise InputError(
            f"F of {loop.name} still holds {', '.join(sorted(left))}; give rules that replace it, or a range in box."
        )


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


def _finite_sector(loop: LoopInput, number: int, sector: Any, exponents: tuple[int, int], back: dict) -> Sector:
    """Turn pySecDec's sector into ours, once it is known to be finite and positive."""
    (U_monomial, U), (F_monomial, F) = (product.factors for product in sector.cast)
    u, f = exponents
    variables = tuple(sympy.Symbol(f"x{i + 1}") for i in range(U.number_of_variables))
    powers = sector.Jacobian.expolist[0] + u * U_monomial.expolist[0] + f * F_monomial.expolist[0]
    if np.any(powers < 0):
        i = int(np.argmin(powers))
        raise InputError(
            f"Sector {number} of {loop.name} holds {variables[i]}**({powers[i]}) at ε = 0, a pole in ε; only integrals "
            "that are finite in each sector can be benchmarked, so give massive propagators or off-shell legs."
        )
    try:
        parameters = tuple(sympy.Symbol(name) for name in loop.parameters)
        positive = positivity.why_positive(_polynomial(F, variables, back), variables, parameters, loop.low, loop.high)
    except InputError as problem:
        raise InputError(
            f"F of sector {number} of {loop.name} {problem}: it changes sign in the box, where the integral has a "
            "threshold and needs contour deformation; give a box in which F > 0."
        ) from problem
    texts = [str(_polynomial(polynomial, variables, back)) for polynomial in (U, F)]
    return Sector(int(sector.Jacobian.coeffs[0]), tuple(map(int, powers)), texts[0], u, texts[1], f, positive)


def _polynomial(polynomial: Any, variables: tuple[sympy.Symbol, ...], back: dict) -> sympy.Expr:
    """Return pySecDec's polynomial in the given variables and with the user's names of the invariants."""
    monomials = [sympy.prod([v ** int(p) for v, p in zip(variables, row, strict=True)]) for row in polynomial.expolist]
    coefficients = [sympy.sympify(c).xreplace(back) for c in polynomial.coeffs]
    return sympy.Add(*[c * monomial for c, monomial in zip(coefficients, monomials, strict=True)])
