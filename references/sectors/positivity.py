"""The sign of a polynomial of Feynman parameters over the unit cube and a box of kinematic invariants.

Where every monomial's coefficient is >= 0 over the box and the constant one > 0, F > 0 by its form; elsewhere its
minimum is searched for. A second Symanzik polynomial F with both signs is a threshold: it stands for F − i0, and the
integral is complex. Where F touches zero and both signs are not found, there is no telling.
"""

from __future__ import annotations

import itertools

import numpy as np
import sympy

from methods.base import InputError
from methods.core.expression import compile_for_arrays

ROUNDS, SAMPLES = 40, 4096
"""Rounds of the search and points in each. It shrinks by 0.8 per round, to 1e-4 of the box, and finds the threshold
s14 = 4 of the one-loop box to 1e-4 (tests/references/sectors/test_from_loop.py)."""

ROUNDING = 1e-12
"""Smallest size of a value, relative to the largest of the other sign, that is no rounding error of zero."""

BY_FORM, TESTED, NEGATIVE, CHANGES = "by its form", "tested", "is negative", "changes sign: F − i0"
"""What `sign_of` finds: F > 0 in the first two cases, F < 0 in the third."""


def sign_of(
    polynomial: sympy.Expr,
    variables: tuple[sympy.Symbol, ...],
    parameters: tuple[sympy.Symbol, ...],
    low: tuple[float, ...],
    high: tuple[float, ...],
) -> str:
    """Say how it is known that `polynomial` > 0 (`BY_FORM`, `TESTED`), or else that it is `NEGATIVE` or `CHANGES` sign.

    Raises
    ------
    InputError
        Where it touches zero, and values of both signs are not found; the message begins with the smallest value, and
        says where.
    """
    box = parameters, low, high
    if positive_by_form(polynomial, variables, *box):
        return BY_FORM
    smallest, where = _search(polynomial, variables, *box)
    if smallest > 0:
        return TESTED
    largest = -_search(-polynomial, variables, *box)[0]
    if largest < 0:
        return NEGATIVE
    if smallest < -ROUNDING * largest and largest > -ROUNDING * smallest:
        return CHANGES
    x = ", ".join(f"{v} = {value:.3g}" for v, value in zip((*variables, *parameters), where, strict=True))
    raise InputError(
        f"falls to {smallest:.3g} at {x}, where a threshold is at the border of the box, and whether it changes sign "
        "cannot be decided; give a box in which F > 0, or one that goes beyond"
    )


def positive_by_form(
    polynomial: sympy.Expr,
    variables: tuple[sympy.Symbol, ...],
    parameters: tuple[sympy.Symbol, ...],
    low: tuple[float, ...],
    high: tuple[float, ...],
) -> bool:
    """Tell whether the coefficients over the box say that `polynomial` > 0 wherever its variables are >= 0."""
    coefficients = sympy.Poly(polynomial, *variables).as_dict()
    constant = (0,) * len(variables)
    if constant not in coefficients:
        return False
    return (
        all(minimum(coefficient, parameters, low, high) >= 0 for coefficient in coefficients.values())
        and minimum(coefficients[constant], parameters, low, high) > 0
    )


def minimum(
    coefficient: sympy.Expr, parameters: tuple[sympy.Symbol, ...], low: tuple[float, ...], high: tuple[float, ...]
) -> float:
    """Return the smallest value over the box of what is of first degree in each parameter, else −infinity."""
    if not coefficient.is_polynomial(*parameters):
        return -np.inf
    used = [(p, a, b) for p, a, b in zip(parameters, low, high, strict=True) if p in coefficient.free_symbols]
    if any(sympy.degree(coefficient, p) > 1 for p, _, _ in used):
        return -np.inf
    corners = itertools.product(*[(a, b) for _, a, b in used])
    names = [p for p, _, _ in used]
    return min(float(coefficient.subs(dict(zip(names, corner, strict=True)))) for corner in corners)


def _search(
    polynomial: sympy.Expr,
    variables: tuple[sympy.Symbol, ...],
    parameters: tuple[sympy.Symbol, ...],
    low: tuple[float, ...],
    high: tuple[float, ...],
) -> tuple[float, np.ndarray]:
    """Return the smallest value found, and where: random points in boxes that shrink around the best so far."""
    compiled = compile_for_arrays([*variables, *parameters], [polynomial])
    bottom = np.array([0.0] * len(variables) + list(low))
    width = np.array([1.0] * len(variables) + list(high)) - bottom
    rng = np.random.default_rng(0)
    smallest, best, radius = np.inf, np.full(len(bottom), 0.5), 1.0
    for _ in range(ROUNDS):
        # A third of the coordinates at an end of the box, where minima like to be.
        u = np.clip(best + radius * rng.uniform(-1, 1, (SAMPLES, len(bottom))), 0, 1)
        u = np.where(rng.random(u.shape) < 1 / 3, np.round(u), u)
        values = np.broadcast_to(compiled(np, *(bottom + width * u).T)[0], SAMPLES)
        if values.min() < smallest:
            smallest, best = float(values.min()), u[np.argmin(values)]
        radius *= 0.8
    return smallest, bottom + width * best
