"""A deep primitive's derivative in some of its variables, summed with signs over the ends of the others.

    ∫ dx_j … ∂^k N/∂x1…∂xk = Σ_{ends of the x_j} ± ∂^|G| N/Π_{i∈G} ∂x_i

with G the variables that are held, and x_j the others: what marginals and cumulative distributions are made of. It is
`nilpotent.mixed_partial` of a network whose first columns are G; where G is all of x it is the mixed derivative.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection

import torch

from methods.deep import cpu_derivative, nilpotent
from methods.deep.network import PrimitiveNetwork, mixed_partial


def partial(
    network: PrimitiveNetwork,
    s: torch.Tensor,
    x: torch.Tensor,
    given: Collection[int],
    i: int,
    points: torch.Tensor,
) -> torch.Tensor:
    """Return the derivative in the variables `given`, the others integrated: all but x_i over [0, 1].

    As x_i takes each of `points` (q,) it is held there, or integrated up to there, for s (1, m) and x (n, k): (n, q).
    """
    rows = x.repeat_interleave(len(points), dim=0)
    rows[:, i] = points.repeat(len(x))
    s, others = s.expand(len(rows), -1), [j for j in range(network.k) if j not in given]
    if not others:
        return mixed_partial(network, s, rows).view(len(x), len(points))
    upper = rows.clone()
    upper[:, [j for j in others if j != i]] = 1
    held = sorted(given)
    columns = [*held, *others, *range(network.k, network.k + network.m)]
    first, *weights = cpu_derivative.weights(network)
    total = torch.zeros_like(rows[:, 0])
    for ends in itertools.product((0, 1), repeat=len(others)):
        corner = upper[:, others] * upper.new_tensor(ends)
        inputs = torch.cat([rows[:, held], corner, s], dim=1)
        there = nilpotent.mixed_partial(network.activation, len(held), inputs, first[:, columns], *weights)
        total += (-1) ** (len(others) - sum(ends)) * there
    return total.view(len(x), len(points))
