"""A region of s with rules on contours of its own, and the estimate of their error.

    I(s) ≈ sum over the nodes of the first maps;    error(s) from the difference to a smaller rule

The smaller rule has half the nodes on each axis. Where there is a second map for each term, in another order of
variables, it lies on that one and has FEWER_NODES, so that it also tells where a contour is on the wrong side of a zero
of F.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Self

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.core import term_order
from methods.core.budget import Clock
from methods.core.finite_values import finite
from methods.core.relative_error import relative_errors
from methods.primitives import compiled_gradients, contour_orders
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.compiled_gradients import CompiledGradientRule
from methods.primitives.contour_map import ContourMap
from methods.primitives.contour_orders import MovingTermRules, total
from methods.primitives.moving_rule import MovingRule
from methods.primitives.pair_error import PairError, pair_error
from methods.quadrature import corner_zero_error
from methods.quadrature.corner_zero_error import CornerZeroError
from methods.quadrature.rule_error import RuleError, root_mean_square, rule_error

FEWER_NODES = 8
"""The smaller rule on a second map has so many times fewer nodes. With half the order on each axis, 64 times fewer in
six variables, its difference hardly tells points where the larger rule errs by more than 1e-4 from the others: on two
windows of box2l_low 20 of 28 points with less would have larger errors stated; with 8 times fewer 10 of 28."""

UNKNOWN = 1.0
"""Least relative error stated where all contours that were found are refuted: nothing tells by how much they err."""

N_CORNERS, N_DRAWN = 16, 48
"""Phase-space points by which rules are judged: corners of the box, and drawn from it."""

TERM_ARRAYS = ("orders", "lower_orders", "map.", "other.")
"""Those arrays of the state that have a row for each term, by what their names begin with."""


class Wanted(NamedTuple):
    """What a rule is to have."""

    epsrel: float
    max_nodes: int
    order: int | None
    """Nodes per axis; None chooses them for each axis."""


class ContourRegion:
    """Rules on given maps.

    Parameters
    ----------
    integral : ParametricIntegral
        The integral, its box that of the region.
    maps : list of ContourMap
        For each term.
    others : list of ContourMap, optional
        Second maps for each term; the smaller rule is on them.
    device : str
        Where to compute.
    may_compile : bool
        Whether there is time for compiling their sums.
    coordinates : BoxCoordinates, optional
        Those of the maps; None: of the region.
    is_refuted : bool
        Whether a zero of F refutes one of `maps`: no error is below UNKNOWN then.

    Attributes
    ----------
    orders, lower_orders : array (n_terms, k)
        Nodes of each axis, in the order of its map; those of the smaller rule in the order of the second ones.
    error : RuleError or PairError
        The estimate of the error.
    near_zeros : CornerZeroError
        What a rule that is judged by one on the same maps errs beyond it near corner zeros.
    apart : array (n,) or None
        By how much values by the second maps differ relatively at the points by which the rules were judged.
    max_nodes : int
        The largest number of nodes that the clock allowed.
    """

    orders: np.ndarray
    lower_orders: np.ndarray
    error: RuleError | PairError
    near_zeros: CornerZeroError
    apart: np.ndarray | None
    max_nodes: int

    def __init__(
        self,
        integral: ParametricIntegral,
        maps: Sequence[ContourMap],
        others: Sequence[ContourMap] | None,
        device: str,
        may_compile: bool = True,
        coordinates: BoxCoordinates | None = None,
        is_refuted: bool = False,
    ) -> None:
        self.integral, self.maps, self.others, self._device = integral, maps, others, device
        self.is_refuted = is_refuted
        self._coordinates = coordinates = coordinates or BoxCoordinates(integral, device)
        self.rules, self._may_compile = MovingTermRules(integral.terms, maps, coordinates, may_compile), may_compile
        self.other_rules = None if others is None else MovingTermRules(integral.terms, others, coordinates, may_compile)

    @property
    def points(self) -> np.ndarray:
        """Points by which rules are judged: corners, all of them up to m = 4, and then N_DRAWN drawn ones."""
        m = self.integral.m
        every = itertools.product([0.0, 1.0], repeat=m)
        unit = np.array(list(every)) if 2**m <= N_CORNERS else np.random.default_rng(0).integers(0, 2, (N_CORNERS, m))
        corners = self.integral.from_unit(unit.astype(float))
        return np.concatenate([corners, self.integral.sample(N_DRAWN, seed=0)])

    def choose(self, wanted: Wanted, clock: Clock) -> Self:
        """Choose the nodes of each axis, and find the constants of the error.

        Raises InputError where a rule is infinite or NaN at one of the points by which they are judged.
        """
        s, self.max_nodes = torch.as_tensor(self.points, device=self._device), wanted.max_nodes
        zeros = corner_zero_error.planes(self.integral)
        if self.others:
            zeros = zeros[:0]  # a rule on second maps sees what is off near corner zeros itself
        near = corner_zero_error.points(zeros, self.integral)
        if wanted.order is not None:
            self.orders = np.full((len(self.maps), self.integral.k), wanted.order)
        else:
            self.orders, self.max_nodes = contour_orders.choose(
                self.rules, self.integral, s, wanted.epsrel, wanted.max_nodes, clock, near.size / s.numel()
            )
        if self.other_rules is None:
            self._judge_alone(s)
        else:
            self._judge_by_pairs(self.other_rules, s)
        self.near_zeros = corner_zero_error.measured_error(
            zeros, near, self.orders, self._changed_values, self.error.floor
        )
        if self.is_refuted:
            self.error = self.error._replace(floor=max(self.error.floor, UNKNOWN))
        self.prepare()
        return self

    def prepare(self) -> None:
        """Make the rules."""
        self._sums = self.rules.fastest(self.orders)
        self._lower_sums = (self.other_rules or self.rules).fastest(self.lower_orders)

    def within(self, integral: ParametricIntegral) -> ContourRegion:
        """Return a region of the same maps, its box that of `integral`; rules are still to be chosen."""
        return ContourRegion(
            integral, self.maps, self.others, self._device, self._may_compile, self._coordinates, self.is_refuted
        )

    def contains(self, s: np.ndarray) -> np.ndarray:
        """Return which points (n, m) lie in the region."""
        return np.logical_and(s >= self.integral.low, s <= self.integral.high).min(axis=1)

    def estimate(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the sums (n,) at s (n, m) and their errors."""
        points = torch.as_tensor(s, device=self._device)
        value, lower = (total(sums, points).cpu().numpy() for sums in (self._sums, self._lower_sums))
        return value, self._error_of(value, lower, s)

    def estimate_with_gradient(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the sums (n,) at s (n, m), their errors, and ∂I/∂s (n, m)."""
        points = torch.as_tensor(s, device=self._device)
        values, gradients = zip(*[rule.with_gradient(points) for rule in self._gradient_rules], strict=True)
        value, gradient = (torch.stack(of_terms).sum(dim=0).cpu().numpy() for of_terms in (values, gradients))
        lower = total(self._lower_sums, points).cpu().numpy()
        return value, self._error_of(value, lower, s), gradient

    def _error_of(self, value: np.ndarray, lower: np.ndarray, s: np.ndarray) -> np.ndarray:
        if isinstance(self.error, PairError):
            return self.error(value, lower)
        return np.hypot(self.error(value, lower, self.integral.to_unit(s)), self.near_zeros(value, s))

    def _changed_values(self, change: Callable[[np.ndarray], np.ndarray], s: np.ndarray) -> np.ndarray:
        """Compute the values (n,) at s (n, m) of rules on the same maps whose orders are changed."""
        return self.rules.values(change(self.orders), torch.as_tensor(s, device=self._device))

    @functools.cached_property
    def _gradient_rules(self) -> list[CompiledGradientRule | MovingRule]:
        slow = self.rules.of(self.orders)
        if not self._may_compile:
            return list(slow)
        of_terms = zip(self.integral.terms, self.maps, self.orders, slow, strict=True)
        coordinates = self._coordinates
        return [compiled_gradients.rule(term, map_, coordinates, n) or moving for term, map_, n, moving in of_terms]

    @property
    def n_nodes(self) -> float:
        """Nodes of both rules, as the mean over the terms."""
        return float((np.prod(self.orders, axis=1) + np.prod(self.lower_orders, axis=1)).mean())

    def _judge_alone(self, s: torch.Tensor) -> None:
        self.lower_orders = contour_orders.lower(self.orders)
        lower, value, higher = (
            self.rules.values(orders, s)
            for orders in (self.lower_orders, self.orders, contour_orders.higher(self.orders))
        )
        for values in (value, lower, higher):
            finite(values, s.cpu().numpy(), self.integral)
        self.error, self.apart = rule_error(value, lower, higher, N_DRAWN), None

    def _judge_by_pairs(self, others: MovingTermRules, s: torch.Tensor) -> None:
        n_nodes = int(np.prod(self.orders, axis=1).max())
        as_many = contour_orders.best_orders(others, s, n_nodes)
        self.lower_orders = contour_orders.best_orders(others, s, max(1, n_nodes // FEWER_NODES))
        value, lower = self.rules.values(self.orders, s), others.values(self.lower_orders, s)
        other = others.values(contour_orders.higher(as_many), s)
        for values in (value, lower, other):
            finite(values, s.cpu().numpy(), self.integral, remark=" on one of two contours")
        self.error, self.apart = pair_error(value, lower, other), relative_errors(value - other, other)

    def compare(self, seconds: Sequence[ContourMap]) -> float:
        """Return how much values by second maps differ, relatively; where that is too much, the error knows of it."""
        s = torch.as_tensor(self.points, device=self._device)
        second = MovingTermRules(
            self.integral.terms, seconds, BoxCoordinates(self.integral, self._device), may_compile=False
        )
        found, explained = contour_orders.difference(self.rules, second, self.orders, s)
        if found > explained:
            self.error = self.error._replace(floor=max(self.error.floor, found))
        return found

    @property
    def differs(self) -> float | None:
        """Root mean square of `apart`."""
        return None if self.apart is None else root_mean_square(self.apart)

    def state(self, prefix: str) -> dict[str, np.ndarray]:
        """Give the fitted state as arrays."""
        found = {
            "box": np.array([self.integral.low, self.integral.high]), "map_box": self._coordinates.box.cpu().numpy(),
            "orders": self.orders, "lower_orders": self.lower_orders, "error": np.array(self.error),
            "corner_planes": self.near_zeros.planes, "corner_errors": self.near_zeros.errors,
            "corner_typical": np.array(self.near_zeros.typical_value),
            term_order.ARRAY_NAME: term_order.term_values(self.integral),
            **_arrays("map", self.maps), **(_arrays("other", self.others) if self.others else {}),
        }  # fmt: skip
        return {prefix + name: array for name, array in found.items()}

    @classmethod
    def of_state(cls, integral: ParametricIntegral, state: Mapping[str, np.ndarray], prefix: str, device: str) -> Self:
        """Take back what `state` gave of a region of the box of `integral`."""
        own = {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}
        inside = dataclasses.replace(integral, low=tuple(own["box"][0]), high=tuple(own["box"][1]), exact=None)
        if term_order.ARRAY_NAME in own:
            order = term_order.order_of_terms(own[term_order.ARRAY_NAME], inside)
            own |= {name: array[order] for name, array in own.items() if name.startswith(TERM_ARRAYS)}
        others = _maps("other", own, integral.m, device) if "other.a" in own else None
        of_box = dataclasses.replace(integral, low=tuple(own["map_box"][0]), high=tuple(own["map_box"][1]), exact=None)
        coordinates = BoxCoordinates(of_box, device)
        region = cls(inside, _maps("map", own, integral.m, device), others, device, coordinates=coordinates)
        region.orders, region.lower_orders = own["orders"], own["lower_orders"]
        region.error = (RuleError if others is None else PairError)(*map(float, own["error"]))
        typical_value = float(own.get("corner_typical", 0.0))  # which older files do not have
        region.near_zeros = CornerZeroError(own["corner_planes"], own["corner_errors"], typical_value)
        region.apart, region.max_nodes = None, int(region.orders.prod(axis=1).max())
        region.prepare()
        return region


def _arrays(name: str, maps: Sequence[ContourMap]) -> dict[str, np.ndarray]:
    return {
        f"{name}.order": np.array([map_.order for map_ in maps]),
        f"{name}.degree": np.array([map_.degree for map_ in maps]),
        f"{name}.is_arc": np.array([map_.is_arc for map_ in maps]),
        f"{name}.a": np.stack([map_.a.cpu().numpy() for map_ in maps]),
    }


def _maps(name: str, state: Mapping[str, np.ndarray], m: int, device: str) -> list[ContourMap]:
    columns = zip(*(state[f"{name}.{part}"] for part in ("order", "degree", "a", "is_arc")), strict=True)
    return [
        ContourMap(tuple(order.tolist()), m, int(degree), torch.as_tensor(a, device=device), bool(is_arc))
        for order, degree, a, is_arc in columns
    ]
