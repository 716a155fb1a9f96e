"""Tensor trains: a tensor on a grid of many axes, as a product of small matrices, one for each axis.

    y(i_1, …, i_m) ≈ G_1(i_1) G_2(i_2) … G_m(i_m),      G_j (r_{j−1}, n_j, r_j), r_0 = r_m = 1

`cross` finds it from few entries (Oseledets & Tyrtyshnikov, Linear Algebra Appl. 432 (2010) 70). Between axes j and
j + 1 the tensor is a matrix, rows (i_1 … i_j) by columns (i_{j+1} … i_m); a matrix of rank r follows from r of its rows
and r of its columns, those whose common block has a large determinant. Sweeps over the axes improve these choices: a
step to the right evaluates all entries with the known rows, any index on axis j, and the known columns, and keeps the
best rows of the matrix that they form.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.linalg
import torch

from methods.tables.chebyshev_basis import polynomials

Entries = Callable[[np.ndarray], np.ndarray | None]
"""Indices (n, m) -> the tensor's entries (n,), or None where there may be no more."""

Cores = list[np.ndarray]


def cross(entries: Entries, shape: tuple[int, ...], rank: int, sweeps: int, seed: int) -> Cores | None:
    """Find cores of a rank, at most, from entries of a tensor; None where `entries` gave too few for a first sweep.

    A sweep from left to right leaves the cores; one back from right to left improves the columns for the next.
    """
    m = len(shape)
    rng = np.random.default_rng(seed)
    columns = [_drawn(shape[j + 1 :], rank, rng) for j in range(m - 1)] + [np.empty((1, 0), dtype=np.int64)]
    cores: Cores | None = None
    for _ in range(sweeps):
        swept = _sweep(entries, shape, columns, rank)
        if swept is None:
            return cores
        cores, rows = swept
        columns = _columns(entries, shape, rows, rank) or columns
    return cores


def _drawn(shape: tuple[int, ...], rank: int, rng: np.random.Generator) -> np.ndarray:
    """Draw different multi-indices, two more than the rank where there are so many: (n, n_axes)."""
    drawn = np.stack([rng.integers(0, n, 10 * (rank + 2)) for n in shape], axis=1)
    return rng.permutation(np.unique(drawn, axis=0))[: rank + 2]


def _sweep(
    entries: Entries, shape: tuple[int, ...], columns: list[np.ndarray], rank: int
) -> tuple[Cores, list[np.ndarray]] | None:
    """Go from left to right: the cores, and the rows kept before each axis; None where entries are missing."""
    rows = [np.empty((1, 0), dtype=np.int64)]
    cores = []
    for j, n in enumerate(shape):
        grown = _product(rows[j], n, before=True)
        found = entries(_paired(grown, columns[j]))
        if found is None:
            return None
        matrix = found.reshape(len(grown), len(columns[j]))
        if j == len(shape) - 1:
            cores.append(matrix.reshape(len(rows[j]), n, 1))
            break
        interpolation, kept = _interpolative(matrix, rank)
        cores.append(interpolation.reshape(len(rows[j]), n, -1))
        rows.append(grown[kept])
    return cores, rows


def _columns(entries: Entries, shape: tuple[int, ...], rows: list[np.ndarray], rank: int) -> list[np.ndarray] | None:
    """Go from right to left: the columns to keep behind each axis; None where entries are missing."""
    columns = [np.empty((1, 0), dtype=np.int64)]
    for j in range(len(shape) - 1, 0, -1):
        grown = _product(columns[0], shape[j], before=False)
        found = entries(_paired(rows[j], grown))
        if found is None:
            return None
        _, kept = _interpolative(found.reshape(len(rows[j]), len(grown)).T, rank)
        columns.insert(0, grown[kept])
    return columns


def _interpolative(matrix: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Write a matrix (a, b) as X (a, r) times its rows `kept` (r,): rows chosen by QR with pivots of its range.

    The rank is that of the matrix, to rounding, and at most `rank`: what more singular values hold is noise.
    """
    left, singular, _ = np.linalg.svd(matrix, full_matrices=False)
    r = max(1, min(rank, int((singular > SMALLEST * singular[0]).sum())))
    basis = left[:, :r]
    kept = scipy.linalg.qr(basis.T, pivoting=True, mode="economic")[2][:r]
    return np.linalg.solve(basis[kept].T, basis.T).T, kept


SMALLEST = 1e-10
"""Singular values below this share of the largest one are left out: labels are hardly better."""


def _product(index: np.ndarray, n: int, *, before: bool) -> np.ndarray:
    """Join every multi-index with each of n indices of one more axis, which comes after it (or before)."""
    single = np.arange(n)[:, None]
    if before:
        return np.concatenate([np.repeat(index, n, axis=0), np.tile(single, (len(index), 1))], axis=1)
    return np.concatenate([np.tile(single, (len(index), 1)), np.repeat(index, n, axis=0)], axis=1)


def _paired(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Join every row with every column: (n_rows · n_columns, m)."""
    return np.concatenate([np.repeat(rows, len(columns), axis=0), np.tile(columns, (len(rows), 1))], axis=1)


class TrainPolynomial:
    """Σ_α c_α Π_j T_{αj}(u_j) whose coefficients are a tensor train of cores (r_{j−1}, n_j, r_j)."""

    def __init__(self, cores: Cores, device: str) -> None:
        self.degrees = [core.shape[1] for core in cores]
        matrices = [np.ascontiguousarray(core.reshape(-1, core.shape[2]).T) for core in cores]
        self._matrices = [torch.as_tensor(matrix, device=device) for matrix in matrices]

    def __call__(self, u: torch.Tensor) -> torch.Tensor:
        """Evaluate (n,) at u (m, n): a matrix product for each axis."""
        table = polynomials(u, u.new_empty(max(self.degrees), *u.shape))
        value = self._matrices[0] @ table[: self.degrees[0], 0].to(self._matrices[0].dtype)
        for j, matrix in enumerate(self._matrices[1:], start=1):
            product = value[:, None] * table[None, : self.degrees[j], j]
            value = matrix @ product.reshape(-1, table.shape[2])
        return value[0]
