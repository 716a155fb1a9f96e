"""The neural primitive: a network N whose mixed derivative is the integrand, so that I is N summed over the corners.

    ∂^k N(s, t)/∂t1…∂tk = f(s, x(t)) Π_i ∂x_i/∂t_i  ⇒  I(s) = Σ_{t ∈ {0,1}^k} (−1)^(k − Σ t_i) N(s, t)

(JHEP eq. 2.1, 2.3). The published networks are deep and trained by Adam for hours (`published_primitive`).
This one takes seconds, because

1. a map of x that depends on s and on the other x leaves a nearly constant integrand g (`triangular_map`);
2. N is a sum of sines with random frequencies, and its weights an exact least-squares fit (`sine_network`);
3. of what the sines leave, only the mean over t matters to I. A second stage, N' = Π_i t_i^{p_i+1} Σ_j c'_j T_j(u),
   whose mixed derivative does not depend on t but for the weight, is fitted to it on as many new points as the budget
   allows: each is an unbiased, if noisy, value of that mean, and the sines have made the noise small.

Each replica is h(s) times an entire function of u, which is kept as a Chebyshev series; so evaluation costs no sine.
Degrees at which the replicas show noise rather than agreement are cut off (`chebyshev_series.agreed_degree`). After 20
processor-seconds that gains 0.13 digits on box1l, 0.41 on box2l, 0.12 on pentagon1l_8d, which is then evaluated in 10
µs instead of 50.

Above threshold x follows a contour, and g, h, c and c' are complex (`methods/primitives/complex_primitive.py`).

Papers: Maître & Santos-Mateos, JHEP 03 (2023) 221, for the primitive; Wang & Lai, J. Comput. Phys. 504 (2024) 112865,
for stages.

notation: g, h, w, u, T_j as in `triangular_map`; c, ω, ν as in `sine_network`; N' = second stage.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Collection, Sequence
from typing import ClassVar, Self

import numpy as np
import torch

from methods.base import InputError, ParametricIntegral
from methods.core.budget import Clock
from methods.primitives import chebyshev_series, complex_primitive, triangular_map, two_stages
from methods.primitives.chebyshev_series import Series
from methods.primitives.complex_primitive import ComplexSeries, Trained
from methods.primitives.ensemble import Primitive
from methods.primitives.sine_network import Network, Sines
from methods.primitives.triangular_map import Coordinates, TriangularMap
from methods.primitives.two_stages import Expansion, Stages, Training

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

UPDATES_WITHOUT_BUDGET = 64

EVALUATED = 2**9
"""Phase-space points evaluated at once, so that all of it stays in second-level cache."""

MAX_SECOND = 500
"""Coefficients of the second stage; its degree follows, and is at most 8. On box1l degree 6 stops at 4.7 digits."""


NETWORK = tuple(field.name for field in dataclasses.fields(Network))


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
    n_updates : int, optional
        Updates of the second stage, with 8,192 points each; None goes on until the budget is used, or for 64 without.
    n_replicas, seed, uncertainty, precision, device
        As `methods.primitives.ensemble.Primitive` says; the first fit and the evaluation are in float64 always.

    Attributes
    ----------
    map_ : TriangularMap
        The change of variables.
    n_updates_ : int
        Updates made. Fitting again with `n_updates` and `width` set to what these were repeats the result, unless
        ``details_["cut_short"]`` names a part that the budget ended.
    width_, degree_ : int
        Neurons, and degree to which the second stage is fitted.
    replicas_ : list of Stages
        The primitives.
    series_ : tensor (n_coefficients, n_replicas)
        Chebyshev series of their corner sums over h.
    series_degree_ : int
        Of these series, after the cut.
    details_ : dict
        Order of the map; standard deviations of g about 1, and about the neurons; largest error of the series;
        parts that the budget ended: "order_of_map", "series".
    """

    name: ClassVar[str] = "neural_primitive"
    source: ClassVar[str] = "after Maître & Santos-Mateos, JHEP 03 (2023) 221"
    network: ClassVar[type[Network]] = Sines
    neurons: ClassVar[int] = NEURONS_PER_CBRT_SECOND
    treats_complex: ClassVar[bool] = True

    width: int | None = None
    points_per_neuron: int = 10
    omega: float = 2.0
    nu: float = 1.0
    n_updates: int | None = None
    n_replicas: int = 4
    precision: str = "float32"

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
            For a field that is not allowed.
        """
        clock = Clock(budget)
        if integral.is_complex:
            return self._fit_complex(integral, budget, clock, monitor)
        self._prepare(integral)
        search = clock.share(ORDER_SHARE)
        self.map_, order_cut_short = triangular_map.fit(integral, self.coordinates, self.seed, self.device, search)
        self.width_ = self.width or self._affordable_width(budget, clock)
        trainings = [Training(self, index) for index in range(self.n_replicas)]
        expanded = two_stages.expand([training.stages for training in trainings], self.map_.powers, clock)
        cut_short = {"order_of_map": order_cut_short, "series": any(expansion.cut_short for expansion in expanded)}
        self._cut_short = [part for part, is_cut_short in cut_short.items() if is_cut_short]
        limit = self.n_updates or (UPDATES_WITHOUT_BUDGET if budget is None else sys.maxsize)
        self.n_updates_, longest, expanding_s = 0, 0.0, 0.0
        while self.n_updates_ < limit and (self.n_updates_ == 0 or clock.left > longest + expanding_s):
            left = clock.left
            for training in trainings:
                training.update()
            self.n_updates_ += 1
            longest = max(longest, left - clock.left)
            if self.n_updates_ & (self.n_updates_ - 1) == 0:
                left = clock.left
                self._expand(trainings, expanded)
                expanding_s = max(expanding_s, left - clock.left)
                clock.show(monitor, self)
        self._expand(trainings, expanded)
        return self

    def _fit_complex(
        self, integral: ParametricIntegral, budget: float | None, clock: Clock, monitor: Callable[[Self], None] | None
    ) -> Self:
        """Fit primitives on a contour; only the series of their corner sums are kept."""
        if reason := self.unsupported(integral):
            raise InputError(f"{self.name} cannot treat {integral.name}: {reason}.")
        self._prepare(integral)
        width = round(self.neurons * (budget or BUDGET_OF_NONE) ** (1 / 3))

        def take(trained: Trained) -> None:
            self._complex_series, self.n_updates_, self.width_, self.details_ = trained

        def look(trained: Trained) -> None:
            take(trained)
            clock.show(monitor, self)

        take(complex_primitive.train(self, integral, width, clock, look))
        return self

    def partial(
        self, s: torch.Tensor, t: torch.Tensor, given: Collection[int], i: int, points: torch.Tensor
    ) -> torch.Tensor:
        """Return over h(s) what `methods.base.SamplesX` says."""
        order, u = self.map_.order, self.coordinates.u(s)
        held, column = {order.index(j) for j in given}, order.index(i)
        found = [
            replica.partial(u, self.map_.powers, t[:, list(order)], held, column, points) for replica in self.replicas_
        ]
        return torch.stack(found).mean(dim=0)

    def place(self, s: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return x and ∂x_i/∂t_i, as `methods.base.SamplesX` says."""
        order = torch.tensor(self.map_.order, device=t.device)
        return self.map_.slopes(self.coordinates.u(s).expand(len(t), -1), t[:, order])

    def export_form(self) -> triangular_map.TimesH:
        """Give the series of the replicas and of log h, as `methods.base.Exportable` says."""
        if self.integral_.is_complex:
            raise InputError(f"{self.integral_.name} is complex, and only series of real integrals can be exported.")
        return triangular_map.TimesH(self._series, self.coordinates)

    def _affordable_width(self, budget: float | None, clock: Clock) -> int:
        """Return the neurons of a replica: what the budget gives, or fewer where this machine is too slow for them."""
        width = round(self.neurons * (budget or BUDGET_OF_NONE) ** (1 / 3))
        available_s = clock.share(STAGE_ONE_SHARE).budget
        if available_s is None:
            return width
        seconds = self.n_replicas * two_stages.seconds_of_stage_one(self, width)
        return max(LEAST_WIDTH, round(width * min(1.0, available_s / seconds) ** (1 / 3)))

    def _prepare(self, integral: ParametricIntegral) -> None:
        super()._prepare(integral)
        self._require_positive("width", "points_per_neuron", "omega", "nu", "n_updates")
        self.coordinates = Coordinates(integral, self.device)
        self.degree_ = max(d for d in range(9) if chebyshev_series.count(integral.m, d) <= MAX_SECOND or d < 2)

    def _corner_sums(self, s: torch.Tensor) -> torch.Tensor:
        if self.integral_.is_complex:
            return torch.cat([self._complex_series.values(part) for part in s.split(EVALUATED)], dim=1)
        parts = self.coordinates.u(s).split(EVALUATED)
        sums_and_log_h = torch.cat([self._series(part) for part in parts])
        return (sums_and_log_h[:, :-1] * torch.exp(sums_and_log_h[:, -1:])).T

    def _normalisation(self, s: torch.Tensor) -> torch.Tensor:
        return s.new_ones(len(s))  # the corner sums have h in them

    def _expand(self, trainings: Sequence[Training], expanded: Sequence[Expansion]) -> None:
        """Make the replicas, and `series_` of their corner sums, cut where they do not agree.

        The cut is made by the second stages, which take away what the neurons have there: each replica is a primitive
        whose corner sum is its series.
        """
        m = self.integral_.m
        degree = max(self.map_.norm_degree, *(expansion.degree for expansion in expanded))
        solved = [training.solve() for training in trainings]
        of_neurons = solved[0].c.new_zeros(self.n_replicas, chebyshev_series.count(m, degree))
        second = torch.zeros_like(of_neurons)
        for i, (replica, expansion) in enumerate(zip(solved, expanded, strict=True)):
            of_neurons[i, : len(expansion.series)] = expansion.series
            second[i, : len(replica.second)] = replica.second
        self.series_degree_ = chebyshev_series.agreed_degree((of_neurons + second).T, m, self.map_.norm_degree)
        kept = chebyshev_series.count(m, self.series_degree_)
        second[:, kept:] = -of_neurons[:, kept:]
        self.replicas_ = [
            dataclasses.replace(replica, second=of_replica, degree=degree)
            for replica, of_replica in zip(solved, second, strict=True)
        ]
        self.series_ = (of_neurons + second)[:, :kept].T.contiguous()
        self.series_[0] += 1
        self._take_series()
        self.details_ = {
            "order_of_map": list(self.map_.order),
            "spread_after_map": trainings[0].spread,
            "spread_after_neurons": max(training.residual for training in trainings),
            "series_error": max(expansion.error for expansion in expanded),
            "cut_short": self._cut_short,
        }

    def _take_series(self) -> None:
        """Put log h beside the corner sums, so that one evaluation serves both."""
        log_h = torch.nn.functional.pad(self.map_.b, (0, len(self.series_) - len(self.map_.b)))
        both = torch.cat([self.series_, log_h[:, None]], dim=1)
        self._series = Series(both, self.integral_.m, self.series_degree_)

    def _state(self) -> dict[str, np.ndarray]:
        if self.integral_.is_complex:
            return self._complex_series.state() | {"numbers": np.array([self.n_updates_, self.width_])}
        state = {name: getattr(self, name) for name in ("n_updates_", "width_", "series_", "series_degree_")}
        state |= {f"map.{name}": value for name, value in vars(self.map_).items()}
        # Frequencies and weights are numbers of that precision (`stages`), so that files of float32 lose nothing.
        for name in NETWORK:
            stacked = torch.stack([getattr(replica.network, name) for replica in self.replicas_])
            state[f"replicas.{name}"] = stacked.to(self._dtype)
        state["replicas.c"] = torch.stack([replica.c for replica in self.replicas_]).to(self._dtype)
        state["replicas.second"] = torch.stack([replica.second for replica in self.replicas_])
        return {key: np.asarray(value.cpu() if torch.is_tensor(value) else value) for key, value in state.items()}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._prepare(self.integral_)
        if self.integral_.is_complex:
            self._complex_series = ComplexSeries.of_state(state, self.integral_, self.device)
            self.n_updates_, self.width_ = state["numbers"].tolist()
            return
        tensors = {key: torch.as_tensor(value, device=self.device) for key, value in state.items()}
        self.n_updates_, self.width_, self.series_degree_ = (
            int(tensors[name]) for name in ("n_updates_", "width_", "series_degree_")
        )
        of_map = {key.partition(".")[2]: tensor for key, tensor in tensors.items() if key.startswith("map.")}
        degree, norm_degree = (int(of_map.pop(name)) for name in ("degree", "norm_degree"))
        order = tuple(of_map.pop("order").tolist())
        self.map_ = TriangularMap(order=order, degree=degree, norm_degree=norm_degree, **of_map)
        degree_of_second = chebyshev_series.degree_of(tensors["replicas.second"].shape[1], self.integral_.m)
        self.replicas_ = [
            Stages(self.network(*(tensors[f"replicas.{name}"][i].double() for name in NETWORK)),
                   tensors["replicas.c"][i].double(), tensors["replicas.second"][i], degree_of_second)
            for i in range(self.n_replicas)
        ]  # fmt: skip
        self.series_ = tensors["series_"]
        self._take_series()
