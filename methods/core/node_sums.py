"""Integrands over fixed nodes: the inner loop of every quadrature that treats many s at once.

For nodes x_n the polynomials of an integrand that are affine in s are one matrix product,

    P(s, x_n) = c_0(x_n) + Σ_j s_j c_j(x_n) = (s, 1) · C,

and where the integrand is a monomial in its polynomials, as after sector decomposition,

    f(s, x) = c(x) Π_i P_i(s, x)^{n_i},

the factors without s join the weights, so that Σ_n w_n f(s, x_n) is a matrix product, a few passes over memory, and a
matrix-vector product. All passes work in place on buffers that stay in cache: fresh buffers cost page faults, which
measured two to three times as much as the arithmetic (box1l, 512 nodes, one core: 1.0 against 3.3 µs per integral).

On a contour x_n is complex and s real. A polynomial then has its real and imaginary part in one real matrix product,

    (Re P, Im P)(s, x_n) = (s, 1) · (Re C, Im C),

whose columns alternate, so that the result is an array of complex numbers already: half of the work of a complex
product. On box1l_physical with 3,927 nodes it takes 11 ns per node and point, general formulas in complex128 16 (a busy
core of 38 GFLOP/s).
"""

from __future__ import annotations

from collections.abc import Callable

import torch

CHUNK = 2**17
"""Elements (points × nodes) worked on at once: 1 MiB of float64 per buffer, half the second-level cache of a core."""

CHUNK_GPU = 2**24
"""The same on a GPU, where large launches pay."""

BLOCK = 2**14
"""Nodes worked on at once, so that a chunk has eight points and more: a matrix product wants some rows."""


def chunk_rows(n_nodes: int, device: torch.device) -> int:
    """Return how many points to treat at once over `n_nodes` nodes."""
    return max(1, (CHUNK if device.type == "cpu" else CHUNK_GPU) // n_nodes)


def weighted_sum(
    at_nodes: Callable[[torch.Tensor], torch.Tensor], n_nodes: int, weights: torch.Tensor
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return s (n_s, m) -> Σ_n w_n f(s, x_n) (n_s,), given s -> f (n_s, n_x), chunked over s."""
    rows = chunk_rows(n_nodes, weights.device)

    def total(s: torch.Tensor) -> torch.Tensor:
        parts = [at_nodes(chunk) @ weights for chunk in s.to(weights.dtype).split(rows)]
        return torch.cat(parts) if len(s) else weights.new_empty(0)

    return total


def monomial_weighted_sum(
    matrices: list[tuple[torch.Tensor, int]], weights: torch.Tensor
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return real s (n_s, m) -> Σ_n w_n Π_i P_i(s, x_n)^{n_i} (n_s,), in chunks; its buffers live as long as it does.

    Parameters
    ----------
    matrices : list of (tensor (m + 1, n_x), int)
        For each polynomial the coefficients of s and, last, of 1, and its power n_i; complex where the weights are.
    weights : tensor (n_x,)
        Includes whatever of the integrand does not depend on s.
    """
    blocks = [
        ([(_parts(matrix[:, start : start + BLOCK].contiguous()), power) for matrix, power in matrices], block_weights)
        for start, block_weights in zip(range(0, len(weights), BLOCK), weights.split(BLOCK), strict=True)
    ]
    widest = min(BLOCK, len(weights))
    rows = chunk_rows(widest, weights.device)
    if weights.is_complex():  # which takes twice the memory
        rows = max(1, rows // 2)
    buffers = [weights.new_empty(rows * widest) for _ in range(3)]

    def total(s: torch.Tensor) -> torch.Tensor:
        affine = torch.cat([s, s.new_ones(len(s), 1)], dim=1)
        result = weights.new_zeros(len(s))
        for start in range(0, len(s), rows):
            chunk = affine[start : start + rows]
            for factors, block_weights in blocks:
                shape = len(chunk), len(block_weights)
                f, polynomial, spare = (buffer[: shape[0] * shape[1]].view(shape) for buffer in buffers)
                for i, (matrix, exponent) in enumerate(factors):
                    target = polynomial if i else f
                    torch.mm(chunk, matrix, out=_parts(target))
                    _raise(target, exponent, spare)
                    if i:
                        f.mul_(target)
                result[start : start + rows].addmv_(f, block_weights)
        return result

    return total


def _parts(numbers: torch.Tensor) -> torch.Tensor:
    """View complex numbers (n_rows, n) as real ones (n_rows, 2n), real and imaginary parts in turn; real ones stay."""
    return torch.view_as_real(numbers).view(len(numbers), -1) if numbers.is_complex() else numbers


def _raise(base: torch.Tensor, exponent: int, spare: torch.Tensor) -> None:
    """Raise `base` to a power in place.

    torch.pow takes one pass for −2, −1, 2 and 3 of real numbers (0.5 ns per node for −2, float64, two cores), else two
    to ten times as long as products.
    """
    if exponent in (-2, -1, 1, 2, 3) and not base.is_complex():
        base.pow_(exponent)
        return
    spare.copy_(base)
    for _ in range(abs(exponent) - 1):
        base.mul_(spare)
    if exponent < 0:
        base.reciprocal_()
