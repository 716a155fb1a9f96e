"""References' own quadrature above threshold in many dimensions: for each s, two contours with their own rules.

A contour is a complex map that is fitted at that s (`complex_maps.py`) with the variables in some order; another order
makes another contour. On each a tensor Gauss–Legendre rule takes as many nodes on each axis as that axis needs, found
with few nodes on the others. A value is believed as far as two contours agree; where the first two do not, others
follow. That a contour is on the wrong side of a zero of F − i0, or a rule not fine enough, shows there: all contours
that lead from the real cube without crossing one have the same integral.

No scored method uses this module, and it uses none.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from methods.base import InputError, ParametricIntegral
from references.values import complex_maps, tensor_sums
from references.values.complex_maps import ComplexMap
from references.values.factors import factors_of

CANDIDATES, RANKED = 16, 6
"""Orders of variables of which the centre of the box is tried: so many drawn, of these the ones with least spread."""

TRIAL_ERROR = 1e-4
"""Error at which the nodes of candidates are compared."""

COUNTS = (2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 28, 34, 40, 48, 58, 70, 84, 100, 120)
"""Nodes of an axis that are tried."""

FEW, MANY = 4, 6
"""Nodes on the other axes meanwhile, for errors down to ROUGH and below."""

ROUGH = 1e-6

MOST_NODES = 200_000_000
"""Nodes of the largest rule: where it would take more, it is as fine as that allows."""

AIM = 0.1
"""Error of each axis of a rule, in units of what is asked for."""

SHARE = 0.25
"""Error of a rule in units of its change from one with the next smaller count on each axis: on the slowest axis of
box2l_physical 12 nodes are four times better than 10."""

APART = 0.1
"""Relative difference of the changes of two contours from which they count as different ones. Where variables are
exchanged that do not depend on each other, or in which the integrand is symmetric, both contours make the same errors,
and that they agree says nothing."""

ROUNDS = (1.0, 2), (0.1, 4), (0.01, 6)
"""One round after the other, until two contours agree: what rules aim at, in units of the error that is asked for, and
how many orders of variables are tried."""


class Result(NamedTuple):
    """Values (n,) complex, bounds on their errors (n,), and the most values that one term of them took (n,)."""

    value: np.ndarray
    error: np.ndarray
    tried: np.ndarray


Sums = Callable[[ParametricIntegral, ComplexMap, np.ndarray, tuple[int, ...]], complex]
"""How a rule's sum is computed: `tensor_sums.integrate`, or `tensor_sums.without_kernel`."""


class ContourValue(NamedTuple):
    """The value of one contour."""

    value: complex
    change: complex
    """Difference from a coarser rule on it."""


def converge(
    integral: ParametricIntegral, s: np.ndarray, *, epsrel: float, sums: Sums = tensor_sums.integrate
) -> Result:
    """Integrate at s (n, m), to relative errors of at most `epsrel` as far as the contours at hand agree.

    The caller looks at `error`: not to converge is an answer here, not an exception.

    Raises
    ------
    InputError
        Where there is no C++ compiler, a term is no product of powers, or no contour is found.
    """
    found = [_all_terms(terms_of(integral), point, epsrel, sums) for point in s]
    value, error, tried = np.array(found).transpose(2, 0, 1)
    return Result(value.sum(axis=1), error.real.sum(axis=1), tried.real.max(axis=1).astype(int))


def _all_terms(
    terms: list[ParametricIntegral], s: np.ndarray, epsrel: float, sums: Sums
) -> list[tuple[complex, float, int]]:
    """Integrate each term at one s (m,) to `epsrel`, and once more large ones whose errors are too large for their sum.

    Small terms that miss `epsrel` are not tried again, as no contours at hand had agreed so well.
    """
    found = [at_point(term, s, epsrel, sums) for term in terms]
    wanted = epsrel * abs(sum(value for value, *_ in found))
    if len(terms) == 1 or sum(error for _, error, _ in found) <= wanted:
        return found
    share = wanted / len(terms)
    for i, (term, (value, error, _)) in enumerate(zip(terms, found, strict=True)):
        if share < min(error, epsrel * abs(value)):
            found[i] = min(found[i], at_point(term, s, share / abs(value), sums), key=lambda one: one[1])
    return found


@functools.cache
def terms_of(integral: ParametricIntegral) -> list[ParametricIntegral]:
    """Return the terms of an integral, the same objects at each call, so that what is compiled for them is kept."""
    return integral.terms


def at_point(term: ParametricIntegral, s: np.ndarray, epsrel: float, sums: Sums) -> tuple[complex, float, int]:
    """Integrate a term at one s (m,) until two contours agree to `epsrel`, as far as ROUNDS go.

    Returns
    -------
    value, error
        Of the two different contours that agree best. The error is the largest of their difference and of SHARE times
        their changes from coarser rules; that of one contour alone is as large as its value.
    tried : int
        Number of values that were computed.
    """
    best, error, found = ContourValue(complex("nan"), 0j), math.inf, 0
    fit = functools.cache(functools.partial(complex_maps.fit, factors_of(term), s))
    for aim, n in ROUNDS:
        values: list[ContourValue] = []
        for contour in map(fit, variable_orders(term)[:n]):
            if not math.isfinite(contour.spread):
                continue
            new = contour_value(term, contour, s, aim * epsrel, sums)
            best, error = min(
                [(best, error), *((min(new, old, key=_size), _error(new, old)) for old in values)],
                key=lambda pair: pair[1],
            )
            values.append(new)
            found += 1
            if error <= epsrel * abs(best.value):
                return best.value, error, found
    if not found:
        raise InputError(
            f"No contour of {term.name} is causal at s = {s.tolist()} that turns each variable by one phase: corner "
            "zeros allow none, and zeros on both sides of a variable's path ask for another kind; give another box."
        )
    if math.isinf(error):
        return values[-1].value, abs(values[-1].value), found
    return best.value, error, found


def _size(one: ContourValue) -> float:
    return abs(one.change)


def _error(one: ContourValue, other: ContourValue) -> float:
    """Bound the errors of the values of two contours; infinity where they are not different ones."""
    larger = max(abs(one.change), abs(other.change))
    if abs(one.change - other.change) <= APART * larger:
        return math.inf
    return max(abs(one.value - other.value), SHARE * larger)


def contour_value(
    term: ParametricIntegral, contour: ComplexMap, s: np.ndarray, epsrel: float, sums: Sums
) -> ContourValue:
    """Integrate a term on a contour by a rule that aims at `epsrel`."""
    fine = nodes(axis_errors(term, contour, s, AIM * epsrel, sums), AIM * epsrel)
    coarse = tuple(COUNTS[COUNTS.index(n) - 1] for n in fine)
    value = sums(term, contour, s, fine)
    return ContourValue(value, value - sums(term, contour, s, coarse))


def axis_errors(
    term: ParametricIntegral, contour: ComplexMap, s: np.ndarray, smallest: float, sums: Sums
) -> list[dict[int, float]]:
    """Estimate for each axis the relative error of so many nodes on it, with few on the others, down to `smallest`."""
    base = (FEW if smallest >= AIM * ROUGH else MANY,) * term.k
    found = []
    for i in range(term.k):
        values: dict[int, complex] = {}
        for n in COUNTS[1:]:
            values[n] = sums(term, contour, s, (*base[:i], n, *base[i + 1 :]))
            last = list(values.values())[-3:]
            if len(values) > 3 and max(abs(v - last[-1]) for v in last) <= smallest / 2 * abs(last[-1]):
                break
        *earlier, (_, final) = values.items()
        errors = np.abs([value / final - 1 for _, value in earlier])
        # No count is better than a larger one, whose error says that it was by chance.
        errors = np.maximum.accumulate(errors[::-1])[::-1]
        found.append({n: float(error) for (n, _), error in zip(earlier, errors, strict=True)})
    return found


def nodes(errors: list[dict[int, float]], epsrel: float) -> tuple[int, ...]:
    """Choose the smallest rule whose axes all have errors of at most `epsrel`, or more where it were too large.

    Where errors that are not finite leave no such rule, it is that with the fewest nodes on each axis.
    """
    while epsrel < 1:
        counts = [next((n for n, error in axis.items() if error <= epsrel), max(axis)) for axis in errors]
        if math.prod(counts) <= MOST_NODES:
            return tuple(counts)
        epsrel *= 2
    return tuple(min(axis) for axis in errors)


@functools.cache
def variable_orders(term: ParametricIntegral) -> list[tuple[int, ...]]:
    """List orders of variables, those first whose rules have the fewest nodes at the centre of the box.

    Orders whose value is not that of most others, since their contours are on the wrong side of a zero, come last.
    """
    s = term.from_unit(np.full((1, term.m), 0.5))[0]
    rng = np.random.default_rng(0)
    drawn = [tuple(map(int, rng.permutation(term.k))) for _ in range(CANDIDATES)]
    contours = [complex_maps.fit(factors_of(term), s, order) for order in dict.fromkeys(drawn)]
    contours = sorted(contours, key=lambda contour: contour.spread)[:RANKED]
    errors = [axis_errors(term, contour, s, TRIAL_ERROR, tensor_sums.integrate) for contour in contours]
    rules = [nodes(error, TRIAL_ERROR) for error in errors]
    values = [tensor_sums.integrate(term, contour, s, rule) for contour, rule in zip(contours, rules, strict=True)]
    middle = complex(np.median(np.real(values)), np.median(np.imag(values)))
    is_apart = [not abs(value / middle - 1) <= 100 * TRIAL_ERROR for value in values]
    ranks = sorted(zip(is_apart, map(math.prod, rules), itertools.count(), contours, strict=False), key=lambda r: r[:3])
    return [contour.order for *_, contour in ranks]
