"""The kernel of `polynomial_kernel.cpp`: a table's I(s) on a CPU in one pass over a few points at a time.

The variables are split in outer and inner ones, where rows and products together are fewest. One core of 41 GFLOP/s
takes 0.28 µs for the 3,003 terms of total degree 6 in eight variables, and 0.07 µs for 9³ terms; products of matrices
(`split_polynomial.py`) take about ten and three times as long.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from methods.core import build_cache, kernel_library
from methods.core.term_products import TermProducts, term_products
from methods.tables.coordinates import Coordinates, Target

SOURCE = Path(__file__).with_name("polynomial_kernel.cpp")

MOST_PRODUCTS = 512
"""Inner products that fit first-level cache, for as many points as go through the kernel together."""


class CTable(ctypes.Structure):
    """`Table` of the kernel."""

    _fields_ = (
        *[(name, ctypes.c_ssize_t) for name in ("m", "n_outer", "n_products", "n_rows")],
        *[(name, ctypes.c_void_p) for name in ("c", "middle", "half", "n_degrees", "products", "length", "n_closed",
                                               "closing", "coefficients")],
        *[(name, ctypes.c_int64) for name in ("sign", "power")],
        ("scale", ctypes.c_double),
    )  # fmt: skip


class Rows(NamedTuple):
    """The terms in rows, a row for each combination of degrees of the outer variables."""

    degrees: np.ndarray
    """(n_rows, n_outer) in lexicographic order."""
    place: np.ndarray
    """(n_terms,) of each term's row."""


@build_cache.remembered
def library() -> Any:
    """Return the compiled kernel, a function; None where it cannot be compiled."""
    loaded = kernel_library.load(SOURCE, [], {}, [*kernel_library.vector_flags(), "-lmvec"])
    if loaded is None:
        return None
    loaded.evaluate.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_ssize_t] * 2
    loaded.evaluate.restype = None
    return loaded.evaluate


class CpuPolynomial:
    """I(s) from y = Σ_α c_α Π_j T_{αj}(u_j), terms alpha (n_terms, m) and c (n_terms,), laid out for the kernel."""

    def __init__(self, coordinates: Coordinates, target: Target, alpha: np.ndarray, c: np.ndarray) -> None:
        m = alpha.shape[1]
        products, rows = _cheapest_split(alpha)
        n_outer, n_rows = rows.degrees.shape[1], len(rows.degrees)
        length = np.ones(n_rows, dtype=np.int32)
        np.maximum.at(length, rows.place, products.place + 1)
        first = np.concatenate([[0], np.cumsum(length)])
        coefficients = np.zeros(first[-1])
        coefficients[first[rows.place] + products.place] = c
        n_closed, closing = _closing(rows.degrees)
        numbers = (coordinates.c, *coordinates.middle_and_half())
        integers = (np.maximum(2, alpha.max(axis=0) + 1), products.made_of, length, n_closed, closing)
        self._arrays = [np.ascontiguousarray(array, dtype=np.float64) for array in numbers]
        self._arrays += [np.ascontiguousarray(array, dtype=np.int32) for array in integers]
        self._arrays += [coefficients]  # all kept, since the structure has their addresses only
        addresses = [array.ctypes.data for array in self._arrays]
        self._coordinates = coordinates
        self._table = CTable(m, n_outer, len(products.made_of), n_rows, *addresses, *target)

    def __call__(self, s: np.ndarray) -> np.ndarray:
        """Evaluate I (n,) at s (n, m), contiguous float64."""
        out, s = np.empty(len(s)), self._coordinates.z(s)
        library()(ctypes.byref(self._table), s.ctypes.data, out.ctypes.data, torch.get_num_threads(), len(s))
        return out


def _cheapest_split(alpha: np.ndarray) -> tuple[TermProducts, Rows]:
    """Split the variables so that products and rows together are fewest."""
    splits = []
    for n_outer in range(alpha.shape[1]):
        products, rows = _products(alpha, n_outer), _rows(alpha[:, :n_outer])
        if len(products.made_of) <= MOST_PRODUCTS or n_outer == alpha.shape[1] - 1:
            splits.append((products, rows))
    return min(splits, key=lambda split: len(split[0].made_of) + len(split[1].degrees))


def _rows(outer: np.ndarray) -> Rows:
    if not outer.shape[1]:
        return Rows(np.zeros((1, 0), dtype=np.int64), np.zeros(len(outer), dtype=np.int64))
    degrees, place = np.unique(outer, axis=0, return_inverse=True)
    return Rows(degrees, place.ravel())


def _products(alpha: np.ndarray, n_outer: int) -> TermProducts:
    """List the products that terms have in the variables from n_outer on, counting variables from the first of all."""
    made_of, place = term_products(alpha[:, n_outer:])
    made_of[1:, 1] += n_outer
    return TermProducts(made_of, place)


def _closing(degrees: np.ndarray) -> tuple[list[int], list[int]]:
    """Count, for each row, the outer variables from the first that is about to change, and list their degrees."""
    n_rows, n_outer = degrees.shape
    n_closed, closing = [], []
    for i, row in enumerate(degrees):
        changes = np.flatnonzero(row != degrees[i + 1]) if i + 1 < n_rows else np.arange(n_outer)
        first = int(changes[0]) if len(changes) else 0
        n_closed.append(n_outer - first)
        closing += row[first:][::-1].tolist()
    return n_closed, closing
