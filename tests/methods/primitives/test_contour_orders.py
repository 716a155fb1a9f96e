"""How many nodes a rule on a contour may have in the time left."""

from __future__ import annotations

import functools
import types

import numpy as np
import pytest
import torch
from integrals import product

from methods.primitives import contour_orders

MAX_NODES = 20_000


class Constant:
    """The rule of a constant on any number of axes."""

    def marginal(self, s: torch.Tensor, axis: int) -> torch.Tensor:
        return torch.ones(len(s), contour_orders.GRID, dtype=torch.float64)


class Rules:
    """Stands for `MovingTermRules` of one term, whose compiling takes 1,000 seconds of a clock."""

    most_nodes = 10**6

    def __init__(self, k: int, clock: types.SimpleNamespace) -> None:
        self.k, self.clock = k, clock

    @functools.cached_property
    def are_compiled(self) -> bool:
        self.clock.left -= 1000.0
        return True

    def fastest(self, orders: list[int]) -> list[Constant]:
        return [Constant()] if self.are_compiled else []

    def values(self, orders: np.ndarray, s: torch.Tensor) -> np.ndarray:
        return np.ones(len(s))


@pytest.mark.parametrize("k", [2, 3])
def test_compiling_is_no_time_of_a_node(k):
    clock = types.SimpleNamespace(left=1000.1, is_limited=True)
    s = torch.zeros(4, 1, dtype=torch.float64)
    assert contour_orders.choose(Rules(k, clock), product(1), s, 1e-3, MAX_NODES, clock)[1] == MAX_NODES
    assert clock.left < 1
