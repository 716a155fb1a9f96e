"""A Chebyshev table whose grid is a tensor train: few labels for many invariants.

    y(s) ≈ Σ_α G_1(α_1) G_2(α_2) … G_m(α_m) Π_j T_{αj}(u_j),    u_j = log |c_j − s_j|, scaled to [−1, 1]

with y = log |I| or |I|^(−1/p), and I itself where it changes sign. The tensor of y on a grid of Chebyshev interpolation
is found by cross approximation from few of its entries, which are labels (`methods/tables/tensor_train.py`). Complex
integrals are treated as by `chebyshev.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from methods.base import ParametricIntegral
from methods.core.arithmetic import Arithmetic, Rows
from methods.core.budget import Clock
from methods.surrogates.labels import LabelSource
from methods.tables import chebyshev_basis, coordinate_choice, tensor_train
from methods.tables.extrapolating_table import ExtrapolatingTable

PREPARATION_SHARE, PILOT_SHARE, LABEL_SHARE = 0.3, 0.3, 0.9
"""Shares of the time left in which the label method may prepare itself, and in which labels are computed: those at
random points, and the others."""

LEAST_NODES, MOST_NODES = 3, 17
"""Nodes per invariant."""

RANKS = (2, 4, 6, 8, 10, 12, 16, 20, 24)
"""Ranks tried, one after the other, as long as there are labels and the error falls."""

SWEEPS = 2
"""Sweeps over the axes for each rank."""


@dataclass(kw_only=True)
class TensorTrain(ExtrapolatingTable):
    """Chebyshev interpolation in s on a grid that is a tensor train.

    Parameters
    ----------
    epsrel : float
        Relative error wanted of interpolation along one invariant; it decides the nodes of each.
    max_labels : int
        Largest number of labels; the budget may leave fewer. The pieces of a box that is cut at a threshold share them.
        Those along each invariant, 17 m of them, are computed whatever both allow.
    n_pilot : int
        How many of them are at random points: they choose coordinates and measure the error.
    labels : str
        The direct method that computes them.
    seed : int
        Of the random columns from which cross approximation starts.
    device : str
        Where to evaluate, as torch names it.

    Notes
    -----
    The error is the root mean square relative error at random points off the grid, times |I|; these points also choose
    the rank.

    ``details_["cut_short"]`` tells whether the budget ended anything. `max_labels` and `n_pilot` from ``details_``
    repeat the result, unless it was the label method that was cut short.
    """

    name: ClassVar[str] = "tensor_train"
    source: ClassVar[str] = "Oseledets & Tyrtyshnikov, Linear Algebra Appl. 432 (2010) 70"
    version: ClassVar[int] = 2

    epsrel: float = 1e-6
    max_labels: int | list[int] = 20_000
    n_pilot: int | list[int] = 256
    labels: str = "gauss_legendre,max_nodes=300000"
    seed: int = 0
    device: str = "cpu"

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Say why there is no train to build."""
        if integral.m > 1:
            return super().unsupported(integral)
        return "it has a single kinematic invariant; take chebyshev"

    def _tabulate(self, clock: Clock) -> None:
        """Choose coordinates, and raise the rank as long as there are labels and the error falls."""
        integral = self.integral_
        preparation = clock.share(PREPARATION_SHARE)
        source = LabelSource(self.labels, integral, epsrel=self.epsrel / 100, budget=preparation.budget)
        max_labels, n_pilot = self._number("max_labels"), self._number("n_pilot")
        points, pilot, label_error = self._pilot(source, n_pilot, clock.share(PILOT_SHARE))
        choice = coordinate_choice.choose(integral.low, integral.high, points, pilot, self.thresholds_)
        self.c_, self.target_ = choice.coordinates.c, choice.target
        shape = _nodes_per_axis(source, choice, self.epsrel)
        n_known = len(pilot) + MOST_NODES * integral.m
        entries = _Entries(source, choice, shape, max_labels - n_known, clock.share(LABEL_SHARE))
        self.typical_value_, self.relative_error_ = float(np.abs(pilot).mean()), np.inf
        best = self._constant(pilot)
        for rank in RANKS:
            cores = tensor_train.cross(entries, shape, rank, SWEEPS, self.seed)
            if entries.target != self.target_:  # an entry has the other sign, so that the tensor is another
                self.target_, self.relative_error_ = entries.target, np.inf
                best = self._constant(pilot)
                cores = tensor_train.cross(entries, shape, rank, SWEEPS, self.seed)
            if cores is None:
                break
            self._set(cores)
            if (error := self._error(points, pilot)) >= self.relative_error_:
                break
            best, self.relative_error_ = cores, error
        self._set(best)
        self.relative_error_ = self._claimed_error(points, pilot, label_error)
        self.details_ = {
            "nodes": list(shape), "ranks": self.ranks_.tolist(), "c": self.c_.tolist(), "sign": self.target_.sign,
            "power": self.target_.power, "max_labels": n_known + entries.n_labels, "n_pilot": len(pilot),
            "cut_short": source.cut_short or len(pilot) < n_pilot or entries.ended_early,
        }  # fmt: skip

    def _constant(self, pilot: np.ndarray) -> tensor_train.Cores:
        """Cores of a constant, where there are too few labels for any other."""
        first, *others = [np.ones((1, 1, 1)) for _ in range(self.integral_.m)]
        return [first * self.target_.encode(pilot).mean(), *others]

    def _set(self, cores: tensor_train.Cores) -> None:
        """Keep cores of values on the nodes as those of coefficients, in one array with their shapes."""
        found = [chebyshev_basis.coefficients_along(core, 1, chebyshev_basis.nodes(core.shape[1])) for core in cores]
        self.nodes_ = np.array([core.shape[1] for core in found])
        self.ranks_ = np.array([core.shape[2] for core in found[:-1]])
        self.cores_ = np.concatenate([core.ravel() for core in found])
        self._prepare()

    def _n_degrees(self) -> np.ndarray:
        return self.nodes_

    def _steps_of_y(self, arithmetic: Arithmetic, u: Rows) -> Rows:
        y = u
        for j, core in enumerate(self._cores()):
            polynomials = arithmetic.chebyshev(arithmetic.take(u, [j]), core.shape[1])
            products = arithmetic.outer(y, polynomials) if j else polynomials
            matrix = core.reshape(-1, core.shape[2]).T
            if np.iscomplexobj(matrix):  # real parts first, then imaginary ones
                blocks = [[matrix.real, -matrix.imag], [matrix.imag, matrix.real]]
                matrix = np.block([row if j else row[:1] for row in blocks])
            y = arithmetic.affine(products, matrix)
        return y

    def _cores(self) -> tensor_train.Cores:
        """Give the cores (r_{j−1}, n_j, r_j) of Chebyshev coefficients."""
        ranks = [1, *map(int, self.ranks_), 1]
        shapes = list(zip(ranks[:-1], map(int, self.nodes_), ranks[1:], strict=True))
        flat = np.split(self.cores_, np.cumsum([math.prod(shape) for shape in shapes])[:-1])
        return [core.reshape(shape) for core, shape in zip(flat, shapes, strict=True)]

    def _prepare(self) -> None:
        self._target_values = tensor_train.TrainPolynomial(self._cores(), self.device)


class _Entries:
    """Entries of the tensor, made from labels, of which each is computed once.

    `target` becomes I itself as soon as a label has the other sign.
    """

    def __init__(
        self, source: LabelSource, choice: coordinate_choice.Choice, shape: tuple[int, ...], most: int, clock: Clock
    ) -> None:
        self._source, self._shape, self._most, self._clock = source, shape, most, clock
        self._coordinates, self.target = choice.coordinates, choice.target
        self._known: dict[int, complex] = {}
        self.ended_early = False

    @property
    def n_labels(self) -> int:
        """Number of labels computed."""
        return len(self._known)

    def __call__(self, index: np.ndarray) -> np.ndarray | None:
        """Compute y (n,) at indices (n, m); None where that takes too many labels, or too long."""
        keys = np.ravel_multi_index(tuple(index.T), self._shape)
        new = np.setdiff1d(keys, np.fromiter(self._known, dtype=np.int64, count=len(self._known)))
        too_long = len(new) * self._source.seconds_per_label > self._clock.left
        if too_long or len(self._known) + len(new) > self._most:
            self.ended_early |= too_long
            return None
        if len(new):
            at = np.stack(np.unravel_index(new, self._shape), axis=1)
            u = np.stack([chebyshev_basis.nodes(n)[i] for n, i in zip(self._shape, at.T, strict=True)], axis=1)
            value = self._source.compute(self._coordinates.s(u)).value
            self._known.update(zip(new.tolist(), value.tolist(), strict=True))
            self.target = self.target.suited_to(value)
        return self.target.encode(np.array([self._known[key] for key in keys.tolist()]))


def _nodes_per_axis(source: LabelSource, choice: coordinate_choice.Choice, epsrel: float) -> tuple[int, ...]:
    """Find how many nodes each invariant needs, by labels along it with the others in the middle of their range."""
    m = len(choice.coordinates.c)
    u = np.zeros((m, MOST_NODES, m))
    u[np.arange(m), :, np.arange(m)] = chebyshev_basis.nodes(MOST_NODES)
    value = source.compute(choice.coordinates.s(u.reshape(-1, m))).value.reshape(m, MOST_NODES)
    found = []
    for along in choice.target.suited_to(value).encode(value):
        size = np.abs(chebyshev_basis.coefficients(along, [chebyshev_basis.nodes(MOST_NODES)])) / max(
            float(np.abs(along).max()), 1.0
        )
        needed = int(np.flatnonzero(size > epsrel)[-1]) + 1 if (size > epsrel).any() else 1
        found.append(min(MOST_NODES, max(LEAST_NODES, needed + 1 - needed % 2)))
    return tuple(found)
