"""Sums over the nodes of `moving_source.py`, compiled for an integrand when first needed.

Nanoseconds per node on a complex and on a real map of degree 1, one core of 53 GFLOP/s with AVX-512:

    box1l    tensor rule 5.4 and 1.9    general nodes 13 and 4.4
    box2l    tensor rule 3.1 and 1.2    general nodes 20 and 8.2

With AVX2, at 41 GFLOP/s, they take two to four times as long. That is 100 to 400 times as fast as general nodes are in
torch, and 8 to 30 times as fast as tensor rules are there, where most of the work is done on few values. Degrees 2
and 3 take up to a quarter more. A sum and its derivatives in the three invariants of box2l_physical take 2.2 times as
long as the sum, 27 times less than automatic differentiation.

Without a C++ compiler, or for integrands with functions or roots, there are none, and plain torch takes their place
(`methods/primitives/moving_rule.py`).
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from methods.core import build_cache, direct_evaluations, kernel_library
from methods.core.errors import InputError
from methods.core.expression import Expression
from methods.kernels.moving_source import point_source
from methods.kernels.statements import Powers

SOURCE = Path(__file__).with_name("moving_kernel.cpp")

LANES = 8
"""A multiple of the numbers in a vector of any processor."""


class LogC(NamedTuple):
    """log c_1, …, log c_k of a change of variables, as polynomials whose coefficients are Chebyshev series in u."""

    order: tuple[int, ...]
    """The column of x that each column of t makes."""
    monomials: tuple[tuple[Powers, ...], ...]
    """For each i the powers of 2t_1 − 1, …, 2t_i − 1 in the terms of log c_i."""
    basis: np.ndarray
    """(n_basis, m): degrees of Chebyshev polynomials of u in each product."""
    coefficients: np.ndarray
    """(n_basis, Σ_i n_terms): of the products of u, for each term of log c_1, …, log c_k; complex128 or float64."""


class Nodes(NamedTuple):
    """A product rule in t: nodes that the first variables share, and those of each of the others."""

    shared: np.ndarray
    """(n, n_lane_axes)."""
    weights: np.ndarray
    """(n,) of the shared nodes."""
    others: Sequence[tuple[np.ndarray, np.ndarray]]
    """Nodes and weights of each variable that follows."""


class CompiledSum(NamedTuple):
    """A kernel, and the form of the rules that it was compiled for."""

    function: Any
    """The function of the library."""
    n_shared: int
    """How many of the first variables share their nodes."""
    n_sums: int
    """Number of integrands."""


class CRule(ctypes.Structure):
    """`Rule` of the kernel."""

    _fields_ = (
        *[(name, ctypes.c_ssize_t) for name in ("m", "n_basis", "degree", "n_coefficients", "n_lanes")],
        *[(name, ctypes.c_void_p) for name in ("basis", "coefficients", "lane_t", "lane_weights", "n", "t", "weights")],
    )  # fmt: skip


@build_cache.remembered
def _library(source: str, n_sums: int, is_complex: bool) -> Any:
    defines = [f"COMPLEX={int(is_complex)}", f"SUMS={n_sums}"]
    loaded = kernel_library.load(SOURCE, defines, {"point.inc": source}, kernel_library.vector_flags())
    if loaded is None:
        return None
    loaded.evaluate.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_ssize_t] * 2
    loaded.evaluate.restype = None
    return loaded.evaluate


def library(integrands: Sequence[Expression], log_c: LogC, n_lane_axes: int) -> CompiledSum | None:
    """Return the compiled kernel; None where the formulas have none, or it cannot be compiled.

    The first `n_lane_axes` variables share their nodes. Compiling takes about a second, once per machine.
    """
    try:
        source = point_source(integrands, log_c.order, log_c.monomials, n_lane_axes)
    except InputError:
        return None
    function = _library(source, len(integrands), np.iscomplexobj(log_c.coefficients))
    return None if function is None else CompiledSum(function, n_lane_axes, len(integrands))


def n_shared(k: int) -> int:
    """Return how many of the first variables of a product of k rules share their nodes: two fill vectors better."""
    return min(2, max(1, k - 1))


def tensor_nodes(rules: Sequence[tuple[np.ndarray, np.ndarray]]) -> Nodes:
    """Make the nodes of a product of rules of one variable."""
    first = n_shared(len(rules))
    t, weights = zip(*rules[:first], strict=True)
    grids, factors = (np.meshgrid(*axes, indexing="ij") for axes in (t, weights))
    shared = np.stack([grid.ravel() for grid in grids], axis=1)
    return Nodes(shared, np.prod([factor.ravel() for factor in factors], axis=0), rules[first:])


class MovingSum:
    """Σ_j w_j f(s, x(t_j)) Π_i ∂x_i/∂t_i by the kernel, for one or more integrands f.

    Parameters
    ----------
    compiled : CompiledSum
        The kernel: what `library` returns.
    log_c : LogC
        The change of variables.
    nodes : Nodes
        The rule.

    Raises
    ------
    ValueError
        Where the nodes have other numbers of shared and further variables than the kernel.
    """

    def __init__(self, compiled: CompiledSum, log_c: LogC, nodes: Nodes) -> None:
        k, n_given, n_others = len(log_c.order), nodes.shared.shape[1], len(nodes.others)
        if n_given != compiled.n_shared or n_given + n_others != k:  # the kernel would read memory beyond the nodes
            raise ValueError(
                f"{n_given} variables share nodes and {n_others} follow, where the kernel has {compiled.n_shared} of "
                f"{k} that share them."
            )
        self._compiled, self._is_complex = compiled, np.iscomplexobj(log_c.coefficients)
        n_lanes = len(nodes.weights)
        self._n_nodes = math.prod([n_lanes, *(len(weights) for _, weights in nodes.others)])
        padding = -n_lanes % LANES
        lane_t = [np.concatenate([column, np.full(padding, 0.5)]) for column in nodes.shared.T]
        lane_weights = np.concatenate([nodes.weights, np.zeros(padding)])
        others = [[np.ascontiguousarray(array, dtype=np.float64) for array in rule] for rule in nodes.others]
        counts = np.array([0] * len(lane_t) + [len(t) for t, _ in others], dtype=np.intp)
        coefficients = np.ascontiguousarray(log_c.coefficients).view(np.float64)
        basis = np.ascontiguousarray(log_c.basis, dtype=np.int64)
        tables = [
            (ctypes.c_void_p * len(arrays))(*[array.ctypes.data for array in arrays])
            for arrays in (lane_t, [*lane_t, *(t for t, _ in others)], [*lane_t, *(w for _, w in others)])
        ]
        self._arrays = [lane_t, lane_weights, others, counts, coefficients, basis, tables]
        # all kept, since the structure has their addresses only
        self._rule = CRule(
            basis.shape[1], len(basis), int(basis.max(initial=0)), coefficients.shape[1], n_lanes + padding,
            basis.ctypes.data, coefficients.ctypes.data, ctypes.addressof(tables[0]), lane_weights.ctypes.data,
            counts.ctypes.data, *[ctypes.addressof(table) for table in tables[1:]],
        )  # fmt: skip

    def __call__(self, s: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Compute the sums (n, n_sums) at s (n, m), whose coordinates in the map are u (n, m)."""
        s, u = (np.ascontiguousarray(array, dtype=np.float64) for array in (s, u))
        out = np.empty((len(s), self._compiled.n_sums), dtype=np.complex128 if self._is_complex else np.float64)
        arrays = (s.ctypes.data, u.ctypes.data, out.ctypes.data)
        self._compiled.function(ctypes.byref(self._rule), *arrays, torch.get_num_threads(), len(s))
        direct_evaluations.note(len(s) * self._n_nodes)
        return out
