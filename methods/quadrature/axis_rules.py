"""Gauss–Legendre rules of one Feynman parameter after an exponential map, and their tensor products.

    ∫_0^1 g(x) dx ≈ Σ_i w_i x'(t_i) g(x(t_i)),    x = (e^{a t} − 1)/(e^a − 1),    t_i, w_i of Gauss and Legendre

The map crowds the nodes where sector-decomposed integrands peak, at x → 0; with a < 0 it crowds them at x → 1.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch

from methods.quadrature.transforms import exponential


class Rule(Protocol):
    """A rule of one Feynman parameter."""

    def nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Nodes x (order,) and weights (order,), real or complex."""


class AxisRule(NamedTuple):
    """A rule of one Feynman parameter."""

    a: float
    """Strength of the map."""
    order: int
    """Number of nodes."""

    def nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Nodes x (order,) and weights (order,) on [0, 1]."""
        t, weights = gauss_legendre(self.order)
        x, dx_dt = exponential(t, self.a)
        return x, weights * dx_dt


@functools.cache
def gauss_legendre(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights (order,) of the Gauss–Legendre rule on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    return (nodes + 1) / 2, weights / 2


def barycentric_matrix(t: np.ndarray, nodes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Matrix (n, order) from values at the nodes of a Gauss–Legendre rule on [0, 1] to those of their polynomial at t.

    Barycentric weights: (−1)^l √(t_l (1 − t_l) w_l), Wang, Huybrechs & Vandewalle, Math. Comp. 83 (2014) 2893, eq. 3.5
    up to a common factor.
    """
    barycentric = (-1.0) ** np.arange(len(nodes)) * np.sqrt(nodes * (1 - nodes) * weights)
    difference = t[:, None] - nodes
    terms = barycentric / np.where(difference == 0, 1e-300, difference)
    terms /= terms.sum(axis=1, keepdims=True)
    return terms


def tensor_nodes(rules: Sequence[Rule], device: str | torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Nodes x (n, k) and weights (n,) of the tensor product of k rules; k = 0 has one node."""
    if not rules:
        return torch.zeros(1, 0, dtype=torch.float64, device=device), torch.ones(1, dtype=torch.float64, device=device)
    k = len(rules)
    axes, factors = zip(*[map(torch.as_tensor, rule.nodes()) for rule in rules], strict=True)
    x = torch.cartesian_prod(*axes).reshape(-1, k)
    weights = torch.cartesian_prod(*factors).reshape(-1, k).prod(dim=1)
    return x.contiguous().to(device), weights.to(device)


def tensor_blocks(
    rules: Sequence[Rule], device: str | torch.device, most: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Make the nodes and weights of `tensor_nodes` in blocks of at most so many, none of which needs the others."""
    if not rules:
        yield tensor_nodes(rules, device)
        return
    axes, factors = zip(*[map(torch.as_tensor, rule.nodes()) for rule in rules], strict=True)
    shape = [len(axis) for axis in axes]
    n = math.prod(shape)
    for start in range(0, n, most):
        index = np.unravel_index(np.arange(start, min(n, start + most)), shape)
        x, weights = (
            torch.stack([of[i] for of, i in zip(part, index, strict=True)], dim=1) for part in (axes, factors)
        )
        yield x.to(device), weights.prod(dim=1).to(device)
