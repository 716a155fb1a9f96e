"""What is to be known of a complex integral before it is integrated: its thresholds and corner zeros, in sentences."""

from __future__ import annotations

import sympy

from methods.base import InputError, ParametricIntegral
from methods.core import thresholds


def sentences(integral: ParametricIntegral) -> list[str]:
    """Say which thresholds a complex integral has and, for one term, at which corners of the cube F vanishes and where.

    An integral without a prescription has neither in its box, and nothing is said of it.
    """
    if not integral.is_complex or integral.expression is None:
        return []
    invariants = integral.expression.parameters
    found = [
        f"I(s) has a threshold at {name} = {value:.10g}{_if_in_the_box(integral, name, value)}."
        for name, value in thresholds.thresholds(integral).items()
    ] or [
        f"No invariant has a threshold of its own that could be found: {integral.prescription} never falls with it, is "
        "not affine in it, is negative without it, or the threshold moves with the others."
    ]
    if len(integral.terms) > 1:
        return found
    places: dict[sympy.Expr, list[tuple[int, ...]]] = {}
    try:
        for zero in thresholds.corner_zeros(integral):
            places.setdefault(zero.polynomial, []).append(zero.corner)
    except InputError as problem:
        return [*found, f"Corner zeros are not known: {problem}"]
    for value, corners in places.items():
        also = f", and {len(corners) - 1} more," if len(corners) > 1 else ""
        found.append(
            f"{integral.prescription} vanishes at x = {corners[0]}{also} where {_equation(value, invariants)}."
        )
    return found


def _if_in_the_box(integral: ParametricIntegral, name: str, value: float) -> str:
    """Say what a threshold means for methods where it is in the box or at its border; nothing where it is outside."""
    j = integral.parameters.index(name)
    if not integral.low[j] <= value <= integral.high[j]:
        return ""
    return ", which is in the box: near it digits are few, and true values may not be found"


def _equation(value: sympy.Expr, invariants: tuple[sympy.Symbol, ...]) -> str:
    """Write value = 0, of first degree, solved for the first invariant in it."""
    symbol = next(s for s in invariants if s in value.free_symbols)
    return f"{symbol} = {sympy.solve(value, symbol)[0]}"
