"""The Symanzik polynomials of a loop integral, by pySecDec, checked for what the integrals made of them need.

    I(s) = Γ(N − L D/2) ∫ Π dα_i δ(1 − Σα_i) U^{N − (L+1) D/2} / (F − i0)^{N − L D/2}

for N propagators 1/(k² − m² + i0) of power one and L loops in D dimensions (at ε = 0, and without the sign (−1)^N of
the Minkowskian integral): m² − i0 in F, so that with U > 0 a sign change of F is passed at F − i0. Both powers are
integers, so that F < 0 needs no branch of a logarithm.

Bogner & Weinzierl, Int. J. Mod. Phys. A 25 (2010) 2585; Borowka et al., Comput. Phys. Commun. 222 (2018) 313.
"""

from __future__ import annotations

import importlib.metadata
import math
from typing import Any, NamedTuple

import sympy

from methods.base import InputError
from methods.core.expression import parse
from references.sectors import positivity
from references.sectors.loop_input import LoopInput


class Symanzik(NamedTuple):
    """U and F, as pySecDec's polynomials, with their powers at ε = 0."""

    U: Any
    F: Any
    U_power: int
    F_power: int
    """L D/2 − N: negative."""
    names: dict[sympy.Symbol, sympy.Symbol]
    """Symbol in the coefficients -> the user's name of it."""

    @property
    def prefactor(self) -> int:
        """Γ(N − L D/2)."""
        return math.factorial(-self.F_power - 1)

    def formula(self, polynomial: Any, variables: tuple[sympy.Symbol, ...]) -> sympy.Expr:
        """Write a polynomial of pySecDec in the given variables, with the user's names of the invariants."""
        powers = [[v ** int(p) for v, p in zip(variables, row, strict=True)] for row in polynomial.expolist]
        coefficients = [sympy.sympify(c).xreplace(self.names) for c in polynomial.coeffs]
        return sympy.Add(*[c * sympy.prod(p) for c, p in zip(coefficients, powers, strict=True)])


def polynomials(loop: LoopInput) -> Symanzik:
    """Return U and F of a loop integral.

    Raises
    ------
    InputError
        Where pySecDec is missing or cannot read the graph, all sectors have a pole in ε, symbols are left in F, or a
        parameter is in neither polynomial, F is zero, U is not positive, a propagator has the other sign, or a squared
        mass is negative.
    """
    try:
        importlib.metadata.version("pysecdec")
    except importlib.metadata.PackageNotFoundError as problem:
        raise InputError("Symanzik polynomials need pySecDec; run `pip install loopmark[pysecdec]`.") from problem
    symbols = loop.symbols()
    _check_signs(loop, symbols)
    _check_masses(loop, symbols)
    U, F, u, f = _from_pysecdec(loop, symbols)
    if f >= 0:
        raise InputError(
            f"{loop.name} has a pole in ε in all its sectors: its Γ(N − L D/2) is Γ({-f}), a divergence at large loop "
            "momenta; raise the number of propagators or lower the dimension."
        )
    if any(sympy.sympify(c).is_positive is not True for c in U.coeffs):
        raise InputError(
            f'U of {loop.name} is {U}, which is not positive; write propagators as "k**2 - m**2", so that m**2 - i0 '
            "is meant."
        )
    if all(sympy.expand(sympy.sympify(c)) == 0 for c in F.coeffs):
        raise InputError(
            f"{loop.name} is scaleless: its F is zero, since all masses and invariants vanish, and so is the integral; "
            "give a mass or an off-shell leg."
        )
    _check_symbols(loop, symbols, F)
    return Symanzik(U, F, u, f, {symbol: sympy.Symbol(name) for name, symbol in symbols.items()})


def _check_signs(loop: LoopInput, symbols: dict[str, sympy.Symbol]) -> None:
    """Raise InputError for a propagator like m² − k²: with an even number of loops U would not tell, nor F − i0."""
    momenta = [symbols[name] for name in loop.loop_momenta]
    for text in loop.propagators:
        propagator = sympy.Poly(sympy.expand(parse(text, symbols)), *momenta)
        if any(propagator.coeff_monomial(momentum**2).is_negative for momentum in momenta):
            raise InputError(
                f"The propagator {text} of {loop.name} has a negative square of a loop momentum; write propagators as "
                '"k**2 - m**2", so that m**2 - i0 is meant.'
            )


def _check_masses(loop: LoopInput, symbols: dict[str, sympy.Symbol]) -> None:
    """Raise InputError for a squared mass that is negative somewhere in the box: what is left at zero momenta."""
    momenta = [*(name for name, _ in loop.legs), *loop.loop_momenta, *loop.external_momenta]
    at_rest = {symbols[name]: 0 for name in momenta}
    squares = {mass: symbols[mass] ** 2 for mass, *_ in loop.lines if mass != "0"}
    squares |= {text: -sympy.expand(parse(text, symbols)).subs(at_rest) for text in loop.propagators}
    rules = [(parse(left, symbols), parse(right, symbols)) for left, right in loop.rules.items()]
    parameters = tuple(symbols[name] for name in loop.parameters)
    for of, square in squares.items():
        value = sympy.expand(square.subs(rules))
        if value.free_symbols <= set(parameters):
            smallest = positivity.minimum(value, parameters, loop.low, loop.high)
            if -math.inf < smallest < 0:
                raise InputError(
                    f"In {loop.name} a squared mass is negative: that of {of} falls to {smallest:g}; write "
                    'propagators as "k**2 - m**2", and rules for m**2 that are not negative in the box.'
                )


def _from_pysecdec(loop: LoopInput, symbols: dict[str, sympy.Symbol]) -> tuple[Any, Any, int, int]:
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
    used = set().union(*(sympy.expand(sympy.sympify(c)).free_symbols for c in F.coeffs))
    names = {symbol: name for name, symbol in symbols.items()}
    if left := {names.get(symbol, str(symbol)) for symbol in used} - set(loop.parameters):
        raise InputError(
            f"F of {loop.name} still holds {', '.join(sorted(left))}; give rules that replace it, or a range in box."
        )
    if unused := [name for name in loop.parameters if symbols[name] not in used]:
        raise InputError(
            f"Neither U nor F of {loop.name} depends on {', '.join(unused)}; take that out of [box], and put a number "
            "in rules that use it."
        )
