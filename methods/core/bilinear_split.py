"""A sum of products of Chebyshev polynomials, laid out for evaluation.

The variables are split in two groups. With A and B the products of polynomials that occur in either,

    Σ_α c_α Π_j T_{αj}(u_j) = Σ_i A_i Σ_j c_ij B_j

where the sum over j goes over the first so many of B. Single points go through it with four j side by side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from methods.core.term_products import term_products

PAD = 4
"""Rows of coefficients have a multiple of this length."""


class Products(NamedTuple):
    """Products of polynomials, each an earlier one times a polynomial; the first is 1."""

    of: np.ndarray
    """(n, 2): the earlier product, and the row of the polynomial among those of all variables."""
    place: np.ndarray
    """(n_terms,) of each term's product."""


class Split(NamedTuple):
    """The sum, ready for evaluation."""

    counts: np.ndarray
    """(m,) polynomials of each variable, which are rows one variable after the other."""
    left: Products
    right: Products
    length: np.ndarray
    """(n_left,) coefficients for each product of the left."""
    coefficients: np.ndarray
    """(n_out, sum of lengths)."""


def split(alpha: np.ndarray, c: np.ndarray) -> Split:
    """Split the terms alpha (n_terms, m), c (n_terms, n_out), where products and lengths together are fewest."""
    counts = alpha.max(axis=0) + 1
    first = np.concatenate([[0], np.cumsum(counts)])[:-1]
    found = [_split_at(alpha, first, n_left) for n_left in range(alpha.shape[1])]
    left, right, length = min(found, key=lambda parts: len(parts[0].of) + len(parts[1].of) + 0.5 * parts[2].sum())
    start = np.concatenate([[0], np.cumsum(length)])
    coefficients = np.zeros((c.shape[1], start[-1]), c.dtype)
    coefficients[:, start[left.place] + right.place] = c.T
    return Split(counts, left, right, length, coefficients)


def _split_at(alpha: np.ndarray, first: np.ndarray, n_left: int) -> tuple[Products, Products, np.ndarray]:
    left, right = (_products(alpha[:, part], first[part]) for part in (slice(n_left), slice(n_left, None)))
    length = np.zeros(len(left.of), dtype=np.int64)
    np.maximum.at(length, left.place, right.place + 1)
    return left, right, -(-length // PAD) * PAD


def _products(alpha: np.ndarray, first: np.ndarray) -> Products:
    """List the products of some variables, those that most terms have first, and those that they are made of."""
    if not alpha.shape[1]:
        return Products(np.zeros((1, 2), dtype=np.int64), np.zeros(len(alpha), dtype=np.int64))
    made_of, place = term_products(alpha)
    of = made_of[:, :2].copy()
    of[1:, 1] = first[made_of[1:, 1]] + made_of[1:, 2]
    return Products(of, place)
