"""Coordinates and target for a method that has no labels: chosen by a lattice rule for f itself.

The rule has the same nodes for all s, so that its values are as smooth in s as I(s) is, and singular where I(s) is. On
hexagon1l they err by 0.3 %, and lead to coordinates in which a polynomial errs by 0.51 %; by 0.49 % in those to which
values of gauss_legendre lead.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from methods.base import ParametricIntegral
from methods.core.budget import Clock
from methods.quadrature import lattices
from methods.quadrature.transforms import exponential, korobov
from methods.tables import coordinate_choice
from methods.tables.coordinate_choice import Choice

POINTS, FIRST_POINTS = 256, 16
"""Points s of the rule, and those that tell how long it takes."""

NODES, KOROBOV_WEIGHT, EXPONENTIAL = 1024, 1, 2.0
"""Nodes of the lattice rule, and parameters of its two transforms. Without these it errs by a factor
of 27 on hexagon1l, and misleads."""


def choose(integral: ParametricIntegral, device: str, clock: Clock) -> tuple[Choice, Callable[[int], float], bool]:
    """Choose coordinates and target, and tell how tables in them err, by their total degree.

    Also tell whether the clock left fewer values than wanted.
    """
    nodes = lattices.points(lattices.generating_vector(NODES, integral.k), NODES) + 0.5 / NODES
    t, of_korobov = korobov(torch.as_tensor(nodes, device=device), KOROBOV_WEIGHT)
    x, of_exponential = exponential(t, EXPONENTIAL)
    rule = integral.weighted_sum(x, (of_korobov * of_exponential).prod(dim=1) / NODES)
    s = integral.sample(POINTS, seed=1)
    points = torch.as_tensor(s, device=device)
    start = time.perf_counter()
    value = rule(points[:FIRST_POINTS])
    float(value[0])  # waits for the device
    seconds = (time.perf_counter() - start) / FIRST_POINTS
    n = FIRST_POINTS + int(min(POINTS - FIRST_POINTS, max(0.0, clock.left / max(seconds, 1e-9))))
    if n > FIRST_POINTS:
        value = torch.cat([value, rule(points[FIRST_POINTS:n])])
    found = value.cpu().numpy()
    choice = coordinate_choice.choose(integral.low, integral.high, s[:n], found)
    return choice, coordinate_choice.error_by_degree(choice, s[:n], found), n < POINTS
