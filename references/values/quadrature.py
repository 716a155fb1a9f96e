"""References' own quadrature: tensor Gauss–Legendre after a Möbius map of each Feynman parameter.

    ∫_0^1 f(x) dx = ∫_0^1 f(x(t)) x'(t) dt,    x = t/(t + c (1 − t)),    x' = c/(t + c (1 − t))²

Feynman integrands are projective: x/(1 − x) is a ratio of two propagators' parameters, and the map multiplies it by
1/c, which for c > 1 spreads the peak at x → 0 (for c < 1 that at x → 1). Each axis has a c and an order of its own,
found by `tune`. The error is the difference of two rules, the finer of which gives the value: on box2l the finer is
40 times better than that. Both use the same maps: maps 1.2 times off their best constants cost the finer rule its
advantage, and the difference then understates its error by up to 5.

No scored method uses this module, and it uses none: truth must not share the mistakes of what it judges.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from methods.base import InputError, ParametricIntegral

MAP_CONSTANTS = 2.0 ** (np.arange(-8, 19) / 2)
"""The values of c that `tune` tries: 1/16 to 512. Four decades of kinematics take 256."""
MAX_ORDER = 200
"""Nodes per axis beyond which a rule is not tried; where 200 do not converge, f is not smooth."""
ROUNDING = 16 * np.finfo(np.float64).eps
"""Floor of a value's error relative to ∫ |f|: rules of 20 to 44 nodes per axis differ by up to 6 eps on box1l."""
FAST_RATIO = 0.1
"""Ratio of successive differences below which convergence counts as exponential."""
SLOW_FACTOR = 10.0
"""Factor on the stated error where the orders end and convergence is slower than that: it may be algebraic, as for √x,
where the difference of two rules understates the error by up to 1.7."""
TRIAL_ORDER = 12
"""Nodes per axis with which `tune` compares maps."""
MOST_CORNERS = 16
"""Corners of the box that are among `hard_points`: all of them for up to four invariants."""
_LINES = 256
"""Lines along which `tune` compares maps."""
_NODES, _POINTS = 1024, 32
"""Nodes and phase-space points per block: 256 KiB per array, so that the few that are alive at once stay in cache."""


class TooExpensive(InputError):
    """Raised where a tensor rule would need more evaluations than allowed."""


class Rule(NamedTuple):
    """A tensor rule: nodes per axis, and the constant of each axis's map."""

    orders: tuple[int, ...]
    c: tuple[float, ...]

    @property
    def n_nodes(self) -> int:
        """Number of nodes: the product of the orders."""
        return math.prod(self.orders)

    def finer(self) -> Rule:
        """Return a rule of higher order in every axis."""
        # Steps of 2 at first; further up they grow, so that slow convergence is found out soon.
        return self._replace(orders=tuple(n + max(2, n // 6) for n in self.orders))

    def __str__(self) -> str:
        """Return, e.g., ``16x16x18 nodes, c = 2.4, 2.8, 4``."""
        return f"{'x'.join(map(str, self.orders))} nodes, c = {', '.join(f'{c:.3g}' for c in self.c)}"


class Quadrature(NamedTuple):
    """Values at n phase-space points, with what is known of their errors."""

    value: np.ndarray
    """(n,) integrals."""
    error: np.ndarray
    """(n,) difference of the two last rules, `SLOW_FACTOR` times that where convergence is slow, or the median of these
    relative to ∫ |f| where that is larger, plus the rounding floor; in the units of `value`."""
    magnitude: np.ndarray
    """(n,) ∫ |f|: the scale for errors, also where I(s) passes zero."""
    rule: Rule
    """The finer of the two last rules."""


@functools.cache
def unit_rule(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the n nodes in (0, 1) and the weights of Gauss and Legendre's rule: the same arrays at each call."""
    t, weight = np.polynomial.legendre.leggauss(n)
    t, weight = (t + 1) / 2, weight / 2
    t.flags.writeable = weight.flags.writeable = False
    return t, weight


def axis(order: int, c: complex) -> tuple[np.ndarray, np.ndarray]:
    """Return `order` nodes in (0, 1) and their weights for the Möbius map with constant c."""
    t, weight = unit_rule(order)
    denominator = t + c * (1 - t)
    return t / denominator, weight * c / denominator**2


def apply(integral: ParametricIntegral, rule: Rule, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ∫ f and ∫ |f| by `rule`, both (n,), for s (n, m).

    Memory is bounded by one block of nodes times points. Sums are pairwise within a block, and compensated over the
    blocks. Raises InputError where f is not finite at a node.
    """
    total: Any = np.zeros((2, len(s)))
    lost: Any = np.zeros((2, len(s)))
    for x, weight in _blocks(rule):
        f = integral.at_nodes(x)
        part = np.empty((2, len(s)), dtype=np.result_type(np.float64, f(s[:1]).dtype))
        for start in range(0, len(s), _POINTS):
            weighted = f(s[start : start + _POINTS]) * weight
            part[0, start : start + _POINTS] = weighted.sum(axis=1)
            part[1, start : start + _POINTS] = np.abs(weighted).sum(axis=1)
        before, total = total, total + part
        # What the addition rounded away, exactly (Knuth's two-sum).
        added = total - before
        lost = lost + (before - (total - added)) + (part - added)
    value, magnitude = _finite(integral, total + lost)
    return value, magnitude.real


def tune(integral: ParametricIntegral, s: np.ndarray, epsrel: float) -> Rule:
    """Return the rule whose every axis, integrated by itself, is right to `epsrel`, with the best of MAP_CONSTANTS.

    The axis is integrated along lines through the cube, for each s (n, m): first along lines spread over it, then,
    twice, along the nodes of the other axes, which know where the peak is. Where f is not smooth, the order ends at
    `MAX_ORDER`. Lines see less than the whole cube, so this is where to start, and no promise.
    """
    rule = Rule((TRIAL_ORDER,) * integral.k, (1.0,) * integral.k)
    for i in range(integral.k):
        rule = _tune_axis(integral, s, epsrel, rule, i, _spread_lines(integral.k), MAP_CONSTANTS)
    for i in [*range(integral.k)] * 2:
        near = MAP_CONSTANTS[(MAP_CONSTANTS >= rule.c[i] / 4.1) & (MAP_CONSTANTS <= rule.c[i] * 4.1)]
        rule = _tune_axis(integral, s, epsrel, rule, i, _node_lines(rule, i), near)
    return rule


def _tune_axis(
    integral: ParametricIntegral, s: np.ndarray, epsrel: float, rule: Rule, i: int,
    lines: tuple[np.ndarray, np.ndarray], constants: np.ndarray,
) -> Rule:  # fmt: skip
    """Return `rule` with map (of these `constants`) and order of axis i chosen along `lines` (n, k), weights (n,)."""
    x, weight = lines

    def error(order: int, c: float, finer: np.ndarray) -> float:
        difference = np.abs(_along(integral, s, x, i, order, c) - finer) @ weight
        return float(np.max(difference / (np.abs(finer) @ weight + np.finfo(float).tiny)))

    # Rules with the same map are compared: none is right for all, and where a map is bad it shows by itself.
    c = float(min(constants, key=lambda c: error(TRIAL_ORDER, c, _along(integral, s, x, i, 4 * TRIAL_ORDER, c))))
    reference = _along(integral, s, x, i, 8 * TRIAL_ORDER, c)
    steps = (*range(4, 32, 2), *range(32, MAX_ORDER, 8))
    order = next((n for n in steps if error(n, c, reference) <= epsrel), MAX_ORDER)
    return Rule((*rule.orders[:i], order, *rule.orders[i + 1 :]), (*rule.c[:i], c, *rule.c[i + 1 :]))


def _spread_lines(k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `_LINES` points and weights, crowded towards both ends of each axis, where peaks are sharpest."""
    roots = np.sqrt([p for p in range(2, 400) if all(p % q for q in range(2, p))][:k])
    t = (0.5 + np.outer(np.arange(_LINES), roots)) % 1.0
    return t * t * (3 - 2 * t), np.prod(6 * t * (1 - t), axis=1)


def _node_lines(rule: Rule, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Return some `_LINES` nodes and their weights: a rule with the maps of `rule` on each axis but i."""
    k = len(rule.orders)
    each = min(TRIAL_ORDER, max(2, round(_LINES ** (1 / max(1, k - 1)))))
    orders = tuple(1 if j == i else each for j in range(k))
    blocks = list(_blocks(Rule(orders, rule.c)))
    return np.concatenate([x for x, _ in blocks]), np.concatenate([weight for _, weight in blocks])


def converge(integral: ParametricIntegral, s: np.ndarray, *, epsrel: float, max_eval: float = 4e9) -> Quadrature:
    """Return I(s) for s (n, m) from two rules that agree to `epsrel` of ∫ |f|, or as near as `max_eval` lets come.

    The caller looks at `error`: not to converge is an answer here, not an exception.

    Raises
    ------
    InputError
        Where f is not finite at a node; TooExpensive, where even two poor rules need more than `max_eval`.
    """
    _check_affordable(integral, s, Rule((1,) * integral.k, (1.0,) * integral.k), max_eval)
    rule = tune(integral, hard_points(integral, s), epsrel)
    while rule.finer().n_nodes * len(s) > max_eval / 2 and max(rule.orders) > 1:
        rule = rule._replace(orders=tuple(max(1, n - 1) for n in rule.orders))
    value, magnitude = apply(integral, rule, s)
    error, todo = np.full(len(s), np.inf), np.arange(len(s))
    slow, spent = todo[:0], rule.n_nodes * len(s)
    while len(todo) and spent + rule.finer().n_nodes * len(todo) <= max_eval and max(rule.orders) <= MAX_ORDER:
        rule = rule.finer()
        finer, magnitude[todo] = apply(integral, rule, s[todo])
        before = error[todo]
        error[todo], value[todo] = np.abs(finer - value[todo]), finer
        if max(rule.orders) > MAX_ORDER:
            slow = todo[~np.isfinite(before) | (error[todo] > FAST_RATIO * before)]
        spent += rule.n_nodes * len(todo)
        todo = np.flatnonzero(error > epsrel * magnitude)
    error[slow] *= SLOW_FACTOR
    # A difference that passes zero at some point proves nothing there: no error is below the median of them all.
    scale = np.maximum(magnitude, np.finfo(np.float64).tiny)
    typical = np.median(error / scale) if len(s) else 0.0
    return Quadrature(value, np.maximum(error, typical * magnitude) + ROUNDING * magnitude, magnitude, rule)


def _check_affordable(integral: ParametricIntegral, s: np.ndarray, rule: Rule, max_eval: float) -> None:
    needed = (rule.n_nodes + rule.finer().n_nodes) * len(s)
    if needed > max_eval:
        raise TooExpensive(
            f"Quadrature of {integral.name} at {len(s)} points needs {needed:.1e} evaluations at least, more than "
            f"{max_eval:.1e}: give fewer points, or the closed form `exact`."
        )


def _blocks(rule: Rule) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield nodes (at most _NODES, k) and their weights."""
    axes = [axis(order, c) for order, c in zip(rule.orders, rule.c, strict=True)]
    for start in range(0, rule.n_nodes, _NODES):
        indices = np.unravel_index(np.arange(start, min(start + _NODES, rule.n_nodes)), rule.orders)
        x = np.stack([nodes[index] for (nodes, _), index in zip(axes, indices, strict=True)], axis=1)
        yield x, np.prod([weights[index] for (_, weights), index in zip(axes, indices, strict=True)], axis=0)


def _along(integral: ParametricIntegral, s: np.ndarray, lines: np.ndarray, i: int, order: int, c: float) -> np.ndarray:
    """Integrate f over x_i alone, along the `lines`: (n_s, n_lines)."""
    nodes, weights = axis(order, c)
    x = np.repeat(lines, order, axis=0)
    x[:, i] = np.tile(nodes, len(lines))
    return _finite(integral, integral.at_nodes(x)(s)).reshape(len(s), len(lines), order) @ weights


def hard_points(integral: ParametricIntegral, s: np.ndarray) -> np.ndarray:
    """List where rules are tuned: the box's corners, at most MOST_CORNERS, and the first 8 of s (n, m).

    Of more corners both opposite ones at the ends and pairs of opposite ones drawn at random are taken, so that each
    invariant is at either end in half of them.
    """
    low, high = np.array(integral.low), np.array(integral.high)
    if 2**integral.m <= MOST_CORNERS:
        bits = np.arange(2**integral.m)[:, None] >> np.arange(integral.m) & 1
    else:
        half = np.random.default_rng(0).integers(0, 2, (MOST_CORNERS // 2, integral.m))
        half[0] = 0
        bits = np.concatenate([half, 1 - half])
    return np.concatenate([np.where(bits, high, low), s[:8]])


def _finite(integral: ParametricIntegral, values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise InputError(f"The integrand of {integral.name} is not finite somewhere in its box; make the box smaller.")
    return values
