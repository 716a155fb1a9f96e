"""Chebyshev polynomials in several variables, all products Π_i T_{j_i}(z_i) of total degree Σ_i j_i <= D.

They come in order of their total degree, so that those up to a lower degree are the first of them.
"""

from __future__ import annotations

import functools
import math

import torch


def count(n_variables: int, degree: int) -> int:
    """Return how many products there are."""
    return math.comb(n_variables + degree, degree)


def products(z: torch.Tensor, degree: int) -> torch.Tensor:
    """Return all of them at z (n, n_variables) in [−1, 1]: (count, n)."""
    if not z.shape[1]:
        return z.new_ones(1, len(z))
    single = _single(z.T.contiguous(), degree)
    first, *others = _degrees(z.shape[1], degree).to(z.device)
    values = single[first, 0]
    for i, of_variable in enumerate(others, 1):
        values *= single[of_variable, i]
    return values


def fix_last(coefficients: torch.Tensor, last: torch.Tensor, n_first: int, degree: int) -> torch.Tensor:
    """Return coefficients of the sums in the first variables, for given values of the last.

    Parameters
    ----------
    coefficients : tensor (count,)
        Of `products` in all variables.
    last : tensor (n, n_last)
        Values of the last variables.
    n_first, degree : int
        Number of the first variables, and total degree.

    Returns
    -------
    tensor (count(n_first, degree), n)
    """
    rows = {term: row for row, term in enumerate(terms(n_first, degree))}
    row_of = [rows[term[:n_first]] for term in terms(n_first + last.shape[1], degree)]
    # T_j(1) = 1: only the factors of the last variables are left.
    factors = products(torch.cat([last.new_ones(len(last), n_first), last], dim=1), degree)
    found = factors.new_zeros(len(rows), len(last))
    return found.index_add_(0, torch.tensor(row_of, device=last.device), coefficients[:, None] * factors)


def draw(unit: torch.Tensor) -> torch.Tensor:
    """Return points of [−1, 1] where the polynomials are orthogonal on average, for `unit` uniform in [0, 1].

    They lie densest at the edges, where a polynomial that is fitted to them would otherwise be worst.
    """
    return -torch.cos(math.pi * unit)


def _single(z: torch.Tensor, degree: int) -> torch.Tensor:
    """Return T_j(z) = cos(j arccos z) for j = 0 … degree, along a new first axis."""
    # The recurrence takes fewer operations per point but a call of torch for each j: 1 ms for a single point.
    j = torch.arange(degree + 1, dtype=z.dtype, device=z.device).view(-1, *[1] * z.ndim)
    return torch.cos(j * torch.acos(z.clamp(-1, 1)))


@functools.cache
def _degrees(n_variables: int, degree: int) -> torch.Tensor:
    """Return `terms` as a tensor (n_variables, count)."""
    return torch.tensor(terms(n_variables, degree)).T.contiguous()


@functools.cache
def terms(n_variables: int, degree: int) -> list[tuple[int, ...]]:
    """Return j_1, …, j_n of each of the `products`, in their order."""
    return [term for total in range(degree + 1) for term in _of_total(n_variables, total)]


def _of_total(n_variables: int, total: int) -> list[tuple[int, ...]]:
    if n_variables == 0:
        return [()] if total == 0 else []
    return [(j, *others) for j in range(total + 1) for others in _of_total(n_variables - 1, total - j)]
