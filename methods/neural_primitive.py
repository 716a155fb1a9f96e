"""The neural primitive: a network N whose mixed derivative is the integrand, so that I is N summed over the corners.

    ∂^k N(s, t)/∂t1…∂tk = f(s, x(t)) Π_i ∂x_i/∂t_i  ⇒  I(s) = Σ_{t ∈ {0,1}^k} (−1)^(k − Σ t_i) N(s, t)

(JHEP eq. 2.1, 2.3). The published networks are deep and trained by Adam for hours (`published_primitive`).
This one takes seconds, because

1. a map of x that depends on s and on the other x leaves a nearly constant integrand g (`triangular_map`);
2. N is a sum of sines with random frequencies, and its weights an exact least-squares fit (`sine_network`);
3. of what the sines leave, only the mean over t matters to I. A second stage, N' = Π_i t_i^{p_i+1} r(u), whose mixed
   derivative does not depend on t but for the weight, has this mean: at some points of u shifted lattices compute it,
   for which the sines have left little to do (`two_stages`);
4. I at these points, the corner sum of both stages, is kept as a polynomial in u for each replica (`replica_tables`):
   this is what is evaluated, and r(u) is defined by it.

All of it is in u_j = log |c_j − s_j|, where I is nearly a polynomial; a rough rule chooses c_j (`choice_by_rule`).

Digits, mean and worst, and µs after 20 processor-seconds: box1l 8.7 / 7.3 at 0.6 µs, box2l 5.8 / 5.1 at 0.3,
box1l_wide 5.1 / 3.3 at 0.8, pentagon1l_8d 4.8 / 3.4 at 0.9, hexagon1l 4.1 / 2.8 at 1.0. What the neurons are worth to
them falls with the size of the lattices that there is time for: see `docs/what-was-tried.md`.

Above threshold x follows a contour, and g, h, c and c' are complex (`methods/primitives/complex_primitive.py`).

Papers: Maître & Santos-Mateos, JHEP 03 (2023) 221, for the primitive; Wang & Lai, J. Comput. Phys. 504 (2024) 112865,
for stages.

notation: g, h, w, u as in `triangular_map`; c, ω, ν as in `sine_network`; N' = second stage.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Collection, Sequence
from typing import ClassVar, Self

import numpy as np
import torch

from methods.base import InputError, ParametricIntegral
from methods.core import chebyshev_series, few_points
from methods.core.arithmetic import Arithmetic
from methods.core.budget import Clock
from methods.core.storage import StorageError
from methods.primitives import complex_primitive, triangular_map, two_stages
from methods.primitives.complex_primitive import Trained
from methods.primitives.complex_series import ComplexSeries
from methods.primitives.ensemble import UNCERTAINTIES, Primitive
from methods.primitives.sine_network import Network, Sines
from methods.primitives.triangular_map import Coordinates, TriangularMap
from methods.primitives.two_stages import Stages, Training
from methods.tables import choice_by_rule, coordinates, replica_arithmetic, replica_tables
from methods.tables.coordinates import Target
from methods.tables.replica_tables import ReplicaTables

CHOICE_SHARE = 0.1
"""Share of the budget for the rough values of I that choose coordinates."""

NEURONS_PER_CBRT_SECOND = 500
"""Default width = 500 · (budget/s)^(1/3). The exact solve costs width³, so it takes about a fifth of any budget."""

ORDER_SHARE = 0.2
"""Share of the budget in which the map's order of variables is searched for."""

STAGE_ONE_SHARE = 0.35
"""Share of the time left after the map that the neurons may take; where they would take more, there are fewer."""

LEAST_WIDTH = 50
"""Smallest default width, however short the time."""

BUDGET_OF_NONE = 64.0
"""Seconds from which the default width follows where there is no budget."""

TABLE_ERROR = 0.3
"""Error that is wanted of the tables alone, in units of that of the lattices."""

LATTICE_RATE = 1.5
"""Power of the lattice size with which its error is taken to fall: 1.2 to 2.7 between 256 and 16,384 nodes on box1l,
box2l and box1l_wide."""

TERMS_PER_CBRT_SECOND = 500
"""Largest default number of terms of the tables = 500 · (budget/s)^(1/3): their fits cost its cube, too."""

MOST_DEGREE = 30
"""Largest total degree of the tables' terms: points drawn at random would not determine much higher ones."""

POINTS_PER_TERM = 2
"""Points of u in the second stage for each term."""

LEAST_TERMS = 50
"""Smallest default number of terms, however expensive the integrand."""

UPDATE_SHARE = 0.2
"""Share of the time left after the first stage that an update may take."""

SMALLEST_LATTICE, LARGEST_LATTICE = 64, 2**16
"""Bounds of the default lattice size."""

LATTICE_OF_NO_BUDGET, UPDATES_WITHOUT_BUDGET = 1024, 4

NETWORK = tuple(field.name for field in dataclasses.fields(Network))

FITTED_ATTRIBUTES = ("map_", "replicas_", "tables_", "coordinates", "_of_tables", "_complex_series")
"""Attributes that a fit to a real integral sets, and last the one that a fit to a complex integral sets instead. A fit
removes all of them first, since values follow from those that are there."""


@dataclasses.dataclass(kw_only=True)
class NeuralPrimitive(Primitive):
    """An ensemble of one-layer primitives on a common map, each with neurons and points of its own.

    Parameters
    ----------
    width : int, optional
        Neurons; None takes `NEURONS_PER_CBRT_SECOND` times the cube root of the budget.
    points_per_neuron : int
        Points (s, t) of the first fit. 5 and 20 instead of 10 change the residual on box1l by +8 and −8 %.
    omega, nu : float
        Standard deviations of the frequencies in 2t − 1 and in u, times k. On box1l half of ω or twice of it leave
        less than 20 % and twice the residual.
    n_terms : int, optional
        Terms of the tables before those that do not matter are left out; None takes as many as leave less to the
        tables than to the lattices, and `TERMS_PER_CBRT_SECOND` times the cube root of the budget at most. Of a complex
        integral, terms of the series, 500 at most by default.
    lattice_size : int, optional
        Points of a lattice, a power of two; None takes as many as leave time for a few lattices.
    n_updates : int, optional
        Lattices of each replica in the second stage; None goes on until the budget is used, or for 4 without.
    n_replicas, seed, uncertainty, precision, device
        As `methods.primitives.ensemble.Primitive` says; with `precision` "float32" the neurons' weights are rounded,
        which halves the file; all is computed in float64.

    Attributes
    ----------
    map_ : TriangularMap
        The change of variables. This, `coordinates`, `replicas_` and `tables_` are of real integrals only.
    coordinates : methods.primitives.triangular_map.Coordinates
        Those of the map, u of s.
    n_updates_ : int
        Updates made. Fitting again with `n_updates`, `width`, `n_terms` and `lattice_size` set to what ``details_`` and
        these are repeats the result, unless ``details_["cut_short"]`` names a part that the budget ended.
    width_ : int
        Neurons.
    replicas_ : list of Stages
        The neurons of each replica.
    tables_ : ReplicaTables
        The corner sum of each replica times h, and the misfit that these tables have in common: the error is that of
        the replicas' spread and that of the misfit, in quadrature. Of a complex integral it is that of the spread
        alone: the series of all replicas end at one degree, so that it does not show what is missing beyond that.
    details_ : dict
        Order of the map; c and the power p of the target; standard deviations of g about 1, and about the neurons;
        `n_terms`, how many of them are left, `lattice_size`, and the weight of its Korobov transform; parts that the
        budget ended: "coordinates", "order_of_map", and of a complex integral "degree_of_map". A complex integral has
        thresholds in place of c and p, and the degree at which series are cut.
    """

    name: ClassVar[str] = "neural_primitive"
    source: ClassVar[str] = "after Maître & Santos-Mateos, JHEP 03 (2023) 221"
    version: ClassVar[int] = 4
    network: ClassVar[type[Network]] = Sines
    neurons: ClassVar[int] = NEURONS_PER_CBRT_SECOND
    treats_complex: ClassVar[bool] = True

    width: int | None = None
    points_per_neuron: int = 10
    omega: float = 2.0
    nu: float = 1.0
    n_terms: int | None = None
    lattice_size: int | None = None
    n_updates: int | None = None
    n_replicas: int = 4
    precision: str = "float64"

    @property
    def n_centre(self) -> int:
        """No integrand evaluations: the normalisation h is part of the map."""
        return 0

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Say why a complex integral has no primitive on one contour."""
        reason = super().unsupported(integral)
        return complex_primitive.reason_against(integral) if integral.is_complex and not reason else reason

    def fit(
        self, integral: ParametricIntegral, *, budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:  # fmt: skip
        """Fit the map, then each replica's neurons, then the second stage until the budget or `n_updates` is used up.

        Raises
        ------
        InputError
            For an integral that it cannot treat, or a field that is not allowed.
        """
        clock = Clock(budget)
        self._require_supported(integral)
        for name in FITTED_ATTRIBUTES:
            vars(self).pop(name, None)  # that of an earlier fit
        if integral.is_complex:
            return self._fit_complex(integral, budget, clock, monitor)
        self._prepare(integral)
        self._few, few = None, few_points.of(self)
        choice, table_error, choice_cut_short = choice_by_rule.choose(integral, self.device, clock.share(CHOICE_SHARE))
        self._take_coordinates(choice.coordinates.c)
        search = clock.share(ORDER_SHARE)
        self.map_, order_cut_short = triangular_map.fit(integral, self.coordinates, self.seed, self.device, search)
        self.width_ = self.width or self._affordable_width(budget, clock)
        trainings = [Training(self, index) for index in range(self.n_replicas)]
        self.replicas_ = [training.stages for training in trainings]
        korobov_weight, spread = trainings[0].best_weight()
        n_terms, lattice_size = self._affordable_labels(table_error, spread, budget, clock)
        cut_short = {"coordinates": choice_cut_short, "order_of_map": order_cut_short}
        self.details_ = {
            "order_of_map": list(self.map_.order), "c": choice.coordinates.c.tolist(), "power": choice.target.power,
            "spread_after_map": trainings[0].spread,
            "spread_after_neurons": max(training.residual for training in trainings),
            "n_terms": n_terms, "lattice_size": lattice_size, "korobov_weight": korobov_weight,
            "cut_short": [part for part, is_cut_short in cut_short.items() if is_cut_short],
        }  # fmt: skip
        for training in trainings:
            training.place(POINTS_PER_TERM * n_terms)
        limit = self.n_updates or (UPDATES_WITHOUT_BUDGET if budget is None else sys.maxsize)
        self.n_updates_, n_tabulated, longest, tabulating_s = 0, 0, 0.0, 0.0
        while self.n_updates_ < limit and (self.n_updates_ == 0 or clock.left > longest + tabulating_s):
            left = clock.left
            for training in trainings:
                training.update(lattice_size, korobov_weight)
            self.n_updates_ += 1
            longest = max(longest, left - clock.left)
            if self.n_updates_ == 1 or (monitor is not None and self.n_updates_.bit_count() == 1):
                left = clock.left
                self._tabulate(trainings)
                n_tabulated = self.n_updates_
                tabulating_s = max(tabulating_s, left - clock.left)
                clock.show(monitor, self)
        if n_tabulated < self.n_updates_:
            self._tabulate(trainings)
        self._few = few and few.listed()
        return self

    def _fit_complex(
        self, integral: ParametricIntegral, budget: float | None, clock: Clock, monitor: Callable[[Self], None] | None
    ) -> Self:
        """Fit primitives on a contour; only the series of their corner sums are kept."""
        self._prepare(integral)
        self._few, few = None, few_points.of(self)
        width = round(self.neurons * (budget or BUDGET_OF_NONE) ** (1 / 3))

        def take(trained: Trained) -> None:
            self._complex_series, self.n_updates_, self.width_, self.details_ = trained

        def look(trained: Trained) -> None:
            take(trained)
            clock.show(monitor, self)

        take(complex_primitive.train(self, integral, width, clock, look))
        self._few = few and few.listed()
        return self

    def partial(
        self, s: torch.Tensor, t: torch.Tensor, given: Collection[int], i: int, points: torch.Tensor
    ) -> torch.Tensor:
        """Compute p(t_given) I(s)/h(s) as t_i takes each of `points` (q,): (n, q), as `methods.base.SamplesX` says."""
        order, u = self.map_.order, self.coordinates.u(s)
        held, column = {order.index(j) for j in given}, order.index(i)
        totals = self.tables_(s) / self.map_.norm(u)
        found = [
            replica.partial(u, self.map_.powers, total, t[:, list(order)], held, column, points)
            for replica, total in zip(self.replicas_, totals, strict=True)
        ]
        return torch.stack(found).mean(dim=0)

    def place(self, s: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return x and ∂x_i/∂t_i, as `methods.base.SamplesX` says."""
        order = torch.tensor(self.map_.order, device=t.device)
        return self.map_.slopes(self.coordinates.u(s).expand(len(t), -1), t[:, order])

    def export_form(self) -> Arithmetic:
        """List the steps of value and error, as `methods.base.Exportable` says."""
        factor = UNCERTAINTIES[self.uncertainty](self.n_replicas)
        if self.integral_.is_complex:
            return self._complex_series.steps(factor)
        return replica_arithmetic.steps(self.tables_, factor)

    def _affordable_width(self, budget: float | None, clock: Clock) -> int:
        """Return the neurons of a replica: what the budget gives, or fewer where this machine is too slow for them."""
        width = round(self.neurons * (budget or BUDGET_OF_NONE) ** (1 / 3))
        available_s = clock.share(STAGE_ONE_SHARE).budget
        if available_s is None:
            return width
        seconds = self.n_replicas * two_stages.seconds_of_stage_one(self, width)
        return max(LEAST_WIDTH, round(width * min(1.0, available_s / seconds) ** (1 / 3)))

    def _affordable_labels(
        self, table_error: Callable[[int], float], spread: float, budget: float | None, clock: Clock
    ) -> tuple[int, int]:
        """Return the terms of the tables and the size of the lattices for which there is time.

        `table_error` is that of tables by their total degree, and `spread` that of lattices of TRIED_SIZE.
        """
        m, available_s = self.integral_.m, clock.share(UPDATE_SHARE).budget
        most = round(TERMS_PER_CBRT_SECOND * (budget or BUDGET_OF_NONE) ** (1 / 3))
        of_a_term_s = 0.0
        if available_s is not None:
            of_a_term_s = (
                self.n_replicas * POINTS_PER_TERM * two_stages.seconds_per_node(self, self.replicas_[0], clock)
            )
            most = min(most, max(LEAST_TERMS, int(available_s / (SMALLEST_LATTICE * of_a_term_s))))

        def size(n_terms: int) -> int:
            if self.lattice_size or available_s is None:
                return self.lattice_size or LATTICE_OF_NO_BUDGET
            nodes = max(1, int(available_s / (n_terms * of_a_term_s)))
            return min(LARGEST_LATTICE, max(SMALLEST_LATTICE, 1 << (nodes.bit_length() - 1)))

        def is_enough(degree: int) -> bool:
            lattice_error = spread * (two_stages.TRIED_SIZE / size(chebyshev_series.count(m, degree))) ** LATTICE_RATE
            return table_error(degree) <= TABLE_ERROR * lattice_error

        degree = next((degree for degree in range(1, MOST_DEGREE) if is_enough(degree)), MOST_DEGREE)
        n_terms = self.n_terms or min(most, chebyshev_series.count(m, degree))
        return n_terms, size(n_terms)

    def _prepare(self, integral: ParametricIntegral) -> None:
        super()._prepare(integral)
        self._require_positive("width", "points_per_neuron", "omega", "nu", "n_terms", "n_updates")
        if self.lattice_size is not None and (self.lattice_size < 1 or self.lattice_size.bit_count() != 1):
            raise InputError(f"{self.name}.lattice_size is {self.lattice_size}; give a power of two.")

    def _take_coordinates(self, c: np.ndarray) -> None:
        low, high = self.integral_.low, self.integral_.high
        self.coordinates = Coordinates(low, high, c, self.device)
        self._of_tables = coordinates.Coordinates(np.array(low), np.array(high), c)

    def _corner_sums(self, s: torch.Tensor) -> torch.Tensor:
        if self.integral_.is_complex:
            return self._complex_series.values(s)
        return self.tables_(s)

    def _normalisation(self, s: torch.Tensor) -> torch.Tensor:
        return s.new_ones(len(s))  # the tables have h in them

    def _common_error(self, value: np.ndarray) -> np.ndarray | float:
        return 0.0 if self.integral_.is_complex else self.tables_.target.error(value, self.tables_.misfit)

    def _tabulate(self, trainings: Sequence[Training]) -> None:
        """Make the tables of I at the points of the second stage so far."""
        u = [training.u.T.contiguous() for training in trainings]
        norms = [self.map_.norm(training.u) for training in trainings]
        value, noise = (
            [(numbers * norm).cpu().numpy() for numbers, norm in zip(of_replicas, norms, strict=True)]
            for of_replicas in ([each.total for each in trainings], [each.noise for each in trainings])
        )
        power, n_terms = self.details_["power"], self.details_["n_terms"]
        self.tables_ = replica_tables.fitted(self._of_tables, power, u, value, noise, n_terms, self.device)
        self.details_["terms"] = len(self.tables_.alpha)

    def _state(self) -> dict[str, np.ndarray]:
        if self.integral_.is_complex:
            return self._complex_series.state() | {"numbers": np.array([self.n_updates_, self.width_])}
        state = {f"map.{name}": value for name, value in vars(self.map_).items()}
        # Frequencies and weights are numbers of that precision (`two_stages`), so that files of float32 lose nothing.
        for name in NETWORK:
            stacked = torch.stack([getattr(replica.network, name) for replica in self.replicas_])
            state[f"replicas.{name}"] = stacked.to(self._dtype)
        state["replicas.c"] = torch.stack([replica.c for replica in self.replicas_]).to(self._dtype)
        state |= {"tables.alpha": self.tables_.alpha.astype(np.int16), "tables.coefficients": self.tables_.coefficients}
        state |= {"tables.target": self.tables_.target, "tables.misfit": self.tables_.misfit, "c": self._of_tables.c}
        state |= {"n_updates_": self.n_updates_, "width_": self.width_}
        return {key: np.asarray(value.cpu() if torch.is_tensor(value) else value) for key, value in state.items()}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._prepare(self.integral_)
        self._few = few_points.of(self)
        if self.integral_.is_complex:
            self._complex_series = ComplexSeries.of_state(state, self.integral_, self.device)
            self.n_updates_, self.width_ = state["numbers"].tolist()
            return
        self.n_updates_, self.width_ = int(state["n_updates_"]), int(state["width_"])
        self._take_coordinates(state["c"])
        sign, power, scale = state["tables.target"]
        target = Target(int(sign), int(power), float(scale))
        alpha, coefficients = state["tables.alpha"].astype(np.int64), state["tables.coefficients"]
        shapes = state["c"].shape, alpha.shape[1:], coefficients.shape
        if shapes != ((self.integral_.m,), (self.integral_.m,), (self.n_replicas, len(alpha))) or alpha.min() < 0:
            raise StorageError(f"The file has no tables of this {self.name}; save it again.")
        misfit = float(state.get("tables.misfit", np.nan))  # a primitive_corrected can do without, and its file too
        self.tables_ = ReplicaTables(self._of_tables, target, alpha, coefficients, misfit, self.device)
        of_map = {key.partition(".")[2]: value for key, value in state.items() if key.startswith("map.")}
        degree, norm_degree = (int(of_map.pop(name)) for name in ("degree", "norm_degree"))
        order = tuple(of_map.pop("order").tolist())
        tensors = {key: torch.as_tensor(value, device=self.device) for key, value in of_map.items()}
        self.map_ = TriangularMap(order=order, degree=degree, norm_degree=norm_degree, **tensors)
        parts = [torch.as_tensor(state[f"replicas.{name}"], device=self.device).double() for name in (*NETWORK, "c")]
        self.replicas_ = [Stages(self.network(*of_network), c) for *of_network, c in zip(*parts, strict=True)]
