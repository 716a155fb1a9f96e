"""Chebyshev polynomials in several variables, all products Π_i T_{j_i}(z_i) of total degree Σ_i j_i <= D.

They come in order of their total degree, so that those up to a lower degree are the first of them.
"""

from __future__ import annotations

import functools
import itertools
import math

import torch


def count(n_variables: int, degree: int) -> int:
    """Return how many products there are."""
    return math.comb(n_variables + degree, degree)


def degree_of(size: int, n_variables: int) -> int:
    """Return the degree up to which there are `size` products."""
    return next(degree for degree in itertools.count() if count(n_variables, degree) >= size)


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


def agreed_degree(replicas: torch.Tensor, n_variables: int, lowest: int) -> int:
    """Return the degree at which to cut the mean of several estimates of one series, so that it errs least.

    What is cut off is lost, what is kept is noisy. The estimates tell both: of their mean c and variance v (of one),
    c² − v/n is an unbiased estimate of the square that a cut loses, and v/n is the noise that stays otherwise; the
    degree that minimises their sum is that of Mallows's C_p (Technometrics 15 (1973) 661).

    Parameters
    ----------
    replicas : tensor (count, n)
        Coefficients of `products` by n independent estimates; one estimate alone is not cut.
    n_variables : int
        Number of z_i.
    lowest : int
        Degree to keep in any case.
    """
    highest = degree_of(len(replicas), n_variables)
    all_terms = terms(n_variables, highest)
    if replicas.shape[1] == 1:
        return highest
    # The mean square of Π_i T_{j_i}(z_i) over the density of `draw`: 1/2 for each factor that is not constant.
    weight = replicas.new_tensor([0.5 ** sum(j > 0 for j in term) for term in all_terms])
    total = torch.tensor([sum(term) for term in all_terms], device=replicas.device)
    noise = weight * replicas.var(dim=1) / replicas.shape[1]
    signal = weight * replicas.mean(dim=1).square() - noise

    def risk(degree: int) -> float:
        return float(signal[total > degree].sum() + noise[total <= degree].sum())

    return min(range(lowest, highest + 1), key=risk)


class Series:
    """Sums Σ_j c_j Π_i T_{j_i}(z_i), several at once: in the last variable a matrix product, the others' by `products`.

    Parameters
    ----------
    coefficients : tensor (count, n_series)
        In the order of `products`.
    n_variables, degree : int
        Number of z_i, and total degree.
    """

    def __init__(self, coefficients: torch.Tensor, n_variables: int, degree: int) -> None:
        self._degree = degree
        rows = {term: row for row, term in enumerate(terms(n_variables - 1, degree))}
        table = coefficients.new_zeros(degree + 1, len(rows), coefficients.shape[1])
        for (*others, last), of_term in zip(terms(n_variables, degree), coefficients, strict=True):
            table[last, rows[tuple(others)]] = of_term
        self._table, self._shape = table.flatten(start_dim=1), table.shape[1:]

    def __call__(self, z: torch.Tensor) -> torch.Tensor:
        """Return the sums at z (n, n_variables): (n, n_series)."""
        in_last = _single(z[:, -1].contiguous(), self._degree).T @ self._table
        others = products(z[:, :-1], self._degree)
        return torch.bmm(others.T[:, None, :], in_last.view(-1, *self._shape))[:, 0]


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
