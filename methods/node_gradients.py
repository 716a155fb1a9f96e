"""Integrals over fixed nodes together with their derivatives in s: the same nodes, differentiated.

    I(s) = Σ_n w_n f(s, x_n),        ∂I/∂s_j = Σ_n w_n ∂f/∂s_j(s, x_n)

For any integrand this is reverse-mode automatic differentiation, all m derivatives in one pass back. Where the
integrand is a monomial in polynomials affine in s, as after sector decomposition (`nodes.py`), the pass back is known,

    f = c(x) Π_i P_i^{n_i},    P_i = Σ_j s_j c_ij(x) + c_i(x)    =>    ∂f/∂s_j = f Σ_i n_i c_ij(x)/P_i,

a division and a matrix product per polynomial, in place on buffers that stay in cache. Value and derivatives
cost 2.5 (pentagon, two-loop box) to 3.5 times the value alone, by automatic differentiation 8 to 12 times (one core).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from methods.base import ParametricIntegral
from methods.nodes import BLOCK, chunk_rows, raise_to

WithGradient = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
"""s (n_s, m) -> I (n_s,) and ∂I/∂s (n_s, m)."""


def weighted_sum_with_gradient(integral: ParametricIntegral, x: torch.Tensor, weights: torch.Tensor) -> WithGradient:
    """Fix nodes x (n_x, k) and weights (n_x,); return s (n_s, m) -> Σ_n w_n f(s, x_n) and its derivatives in s."""
    fixed: Any = getattr(integral.integrand, "weighted_sum_with_gradient", None)
    return fixed(x, weights) if fixed else differentiated(integral.at_nodes(x), weights)


def differentiated(at_nodes: Callable[[torch.Tensor], torch.Tensor], weights: torch.Tensor) -> WithGradient:
    """Return s -> Σ_n w_n f(s, x_n) and its derivatives, given s -> f (n_s, n_x), by reverse mode, chunked over s."""
    rows = chunk_rows(len(weights), weights.device)

    def both(s: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        value, gradient = s.new_empty(len(s)), torch.empty_like(s)
        for start in range(0, len(s), rows):
            part = slice(start, start + rows)
            chunk = s[part].detach().requires_grad_()
            total = at_nodes(chunk) @ weights
            gradient[part] = torch.autograd.grad(total.sum(), chunk)[0]
            value[part] = total.detach()
        return value, gradient

    return both


def monomial(matrices: list[tuple[torch.Tensor, int]], weights: torch.Tensor) -> WithGradient:
    """Return s -> Σ_n w_n Π_i P_i(s, x_n)^{n_i} and its derivatives; the arguments are `nodes.monomial_weighted_sum`'s.

    All n_i must be negative: the derivative of a positive power, as n_i f/P_i, would be 0/0 where P_i vanishes.
    """
    blocks = [
        ([(matrix[:, part].contiguous(), power) for matrix, power in matrices], weights[part])
        for part in (slice(start, start + BLOCK) for start in range(0, len(weights), BLOCK))
    ]
    widest = min(BLOCK, len(weights))
    rows = chunk_rows(widest, weights.device)
    buffers = [weights.new_empty(rows * widest) for _ in range(len(matrices) + 3)]

    def both(s: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        affine = torch.cat([s, s.new_ones(len(s), 1)], dim=1)
        value, gradient = s.new_zeros(len(s)), torch.zeros_like(s)
        for start in range(0, len(s), rows):
            part = slice(start, start + rows)
            for factors, block_weights in blocks:
                shape = len(affine[part]), len(block_weights)
                f, power, spare, *polynomials = (buffer[: shape[0] * shape[1]].view(shape) for buffer in buffers)
                for i, ((matrix, exponent), polynomial) in enumerate(zip(factors, polynomials, strict=True)):
                    torch.mm(affine[part], matrix, out=polynomial)
                    target = power if i else f
                    raise_to(target.copy_(polynomial), exponent, spare)
                    if i:
                        f.mul_(power)
                value[part].addmv_(f, block_weights)
                f.mul_(block_weights)
                for (matrix, exponent), polynomial in zip(factors, polynomials, strict=True):
                    gradient[part].addmm_(torch.div(f, polynomial, out=power), matrix[:-1].T, alpha=exponent)
        return value, gradient

    return both
