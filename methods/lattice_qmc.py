"""Randomly shifted rank-1 lattices, batched over s: quasi-Monte Carlo, for where tensor rules have too many nodes.

    I(s) ≈ 1/S Σ_r Q_r(s),    Q_r(s) = 1/n Σ_j w_j f(s, x_j),    x_j = map(periodised({j z/n + Δ_r}))

An exponential map along every axis, whose strengths `fit` chooses by least variance, takes out the peak at x → 0; the
integrand is then made periodic (both in `methods/quadrature/transforms.py`); the generating vector is built for k and n
(`methods/quadrature/lattices.py`). Above threshold the map moves the points along the contour that `gauss_legendre`
takes (`methods/quadrature/arc_choice.py`). Each Q_r is unbiased, so that their spread tells the error (Cranley &
Patterson, SIAM J. Numer. Anal. 13, 1976, 904; for loop integrals Borowka et al., Comput. Phys. Commun. 240, 2019, 120).

Measured with eight shifts: on box1l 8.0 digits with n = 2^11, 11.6 with 2^14 (α = 3), 15 with 2^15 (α = 4); on box2l
3.5 with 2^11, 2.8 where the map is left out, 5.8 with 2^14 (α = 2), 8.4 with 2^19 (α = 3). On box1l_physical 2,048,
16,384 and 65,536 nodes, shifts included, have 2.6, 5.5 and 8.1 digits; Gauss rules on the same kind of contour have 7.6
from 3,872 and 11.7 from 16,200.

notation: n = points of a lattice, S = shifts, z = generating vector, Δ_r = random shift, {·} = fractional part.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch

from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.core import devices
from methods.core.batches import in_batches
from methods.core.budget import Clock
from methods.core.finite_values import finite
from methods.core.names import unknown
from methods.core.node_sums import CHUNK, CHUNK_GPU
from methods.core.relative_error import error_scale
from methods.quadrature import arc_choice, arc_search, axis_choice, box_corners
from methods.quadrature.arc_choice import Effort
from methods.quadrature.arc_rules import Contour
from methods.quadrature.lattices import generating_vector
from methods.quadrature.transforms import LARGEST_WEIGHT, PERIODISATIONS, check_strength, exponential

MOST_POINTS = 2**22
"""Largest lattice: its generating vector takes 2 s and 0.2 GB of memory at k = 6."""

FEWEST_POINTS = 2**7
"""Points of the smallest lattice that `fit` compares with others."""

CANDIDATES = (("tent", 1), ("korobov", 1), ("korobov", 2), ("korobov", 3))
"""Periodisations that `fit` compares: the higher the weight, the more points until it pays."""

STRENGTHS = tuple(np.arange(-2.0, 6.5, 0.5))
"""Candidates for the strength of the map along an axis; the variance changes by a few per cent per step."""

START = 2.0
"""Strength of the map along every axis from which their choice begins."""

MAP_POINTS = 2**11
"""Points of the lattice that measures the variance of a map; fewer where they would take more than MAP_SHARE."""

FEWEST_MAP_POINTS = 2**7

MAP_SHARE = 1 / 3
"""Share of the budget that the choice of the map may take."""

BLOCK = 2**17
"""Nodes made at once: their polynomials' coefficients take some tens of megabytes."""

KEPT = 2**29
"""Bytes of nodes and buffers kept between calls; what is larger is made anew in each call."""

KEPT_GPU = 2**33
"""The same on a GPU, where buffers are larger."""

ROUNDING = 1e-15
"""Relative error of a sum in float64, added in quadrature to the spread over the shifts."""

Rule = Callable[[torch.Tensor], torch.Tensor]


@dataclass(kw_only=True)
class LatticeQMC(Method):
    """Randomly shifted rank-1 lattices after an exponential map and a periodisation.

    Parameters
    ----------
    epsrel : float
        Relative error wanted, root mean square over the box; the lattice is the smallest that reaches it.
    max_nodes : int
        Largest number of nodes, points times shifts; it wins over `epsrel`, and has no effect where `points` is given.
    points : int, optional
        Points of a lattice, a power of two; None chooses it by comparing lattices.
    shifts : int
        Number of random shifts, at least two. Eight give errors that are themselves uncertain by a quarter.
    transform : str, optional
        "identity", "tent" or "korobov"; None chooses among tent and Korobov transforms of weight 1 to 3.
    weight : int
        Weight α of the Korobov transform, where `transform` asks for one: x'(t) ∝ t^α (1 − t)^α.
    a : float, optional
        Strength of the exponential map along every axis, 0 for none; None chooses one for each axis.
    seed : int
        Of the random shifts.
    device : str
        Where to compute, as torch names it.

    Notes
    -----
    The error is the standard deviation of the mean over the shifts. Its pull follows Student's distribution with S − 1
    degrees of freedom: for eight shifts 65 % lie within one and 98 % within three of them; found on box1l 57 and 98 %
    (20 seeds), on box2l 83 and 100 % (10 seeds, α = 2). All points share the shifts, so that errors of neighbouring
    points are correlated: a fit through many points does not average them out. What `fit` compares is measured with
    shifts of its own, so that the choice does not bias the error.

    Within a budget the lattice is the one whose comparison still fits, and maps are compared at fewer points
    (``details_["map_points"]``); ``details_["cut_short"]`` tells whether the budget decided, rather than `epsrel` or
    `max_nodes`.
    """

    name: ClassVar[str] = "lattice_qmc"
    source: ClassVar[str] = (
        "Sloan & Joe (1994); Nuyens & Cools, Math. Comp. 75 (2006) 903; Borowka et al., CPC 240 (2019)"
    )
    version: ClassVar[int] = 2
    treats_complex: ClassVar[bool] = True

    epsrel: float = 1e-8
    max_nodes: int = 20_000
    points: int | None = None
    shifts: int = 8
    transform: str | None = None
    weight: int = 3
    a: float | None = None
    seed: int = 0
    device: str = "cpu"

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Say why there is no contour for a complex integral."""
        if integral.is_complex and integral.expression is None:
            return "a contour is checked by the polynomial of the prescription, which a Python function does not tell"
        if integral.is_complex and len(integral.terms) > 1:
            return f"it is complex and a sum of {len(integral.terms)} terms, which have no contour in common"
        return super().unsupported(integral)

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Choose map, periodisation and number of points on a few dozen points; raise InputError for bad fields."""
        clock = Clock(budget)
        self._check_fields()
        self._require_supported(integral)
        integral.check_integrand()
        self.integral_ = integral
        corners = list(itertools.islice(itertools.product(*zip(integral.low, integral.high, strict=True)), 16))
        s = self._tensor(np.concatenate([integral.sample(32, seed=0), corners]))
        # Shifts of the comparisons and of the integration come from streams of their own.
        comparison, integration = np.random.default_rng(self.seed).spawn(2)
        k = integral.k
        self.contour_, contour_cut_short = (
            self._choose_contour(s, clock) if integral.is_complex else (np.array([]), False)
        )
        map_points = None
        if self.a is None:
            map_points = self._map_points(s, clock)
            self.a_ = self._choose_map(s, map_points)
        else:
            self.a_ = np.full(k, float(self.a))
        self.shifts_ = comparison.random((self.shifts, k))
        rule_cut_short, has_coarse_map = self._choose_rule(s, clock), map_points not in (None, MAP_POINTS)
        self.shifts_ = integration.random((self.shifts, k))
        self._keep_rules()
        self.details_ = {
            "points": self.points_, "shifts": self.shifts, "transform": self.transform_,
            "weight": self.weight_ if self.transform_ == "korobov" else None, "a": self.a_.tolist(),
            "map_points": map_points, "cut_short": contour_cut_short or has_coarse_map or rule_cut_short,
        }  # fmt: skip
        if integral.is_complex:
            self.details_["contour"] = self.contour_.tolist()
        return self

    @in_batches
    def integrate(self, s: np.ndarray) -> Estimate:
        """Return the means over the shifts, and the standard deviations of these means."""
        s = self.integral_.check(s)
        value, error = self._mean_and_error(self._tensor(s))
        n_eval = len(s) * self.shifts * self.points_
        return Estimate(finite(value.cpu().numpy(), s, self.integral_), error.cpu().numpy(), n_eval)

    def _check_fields(self) -> None:
        devices.check(self.name, self.device)
        if self.transform is not None and self.transform not in PERIODISATIONS:
            raise unknown("transform of lattice_qmc", self.transform, PERIODISATIONS)
        n = self.points
        if n is not None and not (isinstance(n, int) and 1 <= n <= MOST_POINTS and n.bit_count() == 1):
            raise InputError(f"lattice_qmc.points is {n!r}; give a power of two up to {MOST_POINTS}, or None.")
        if self.shifts < 2:
            raise InputError(f"lattice_qmc.shifts is {self.shifts}; give at least two, whose spread is the error.")
        if self.max_nodes < self.shifts:
            raise InputError(
                f"lattice_qmc.max_nodes is {self.max_nodes}; give at least one node for each of {self.shifts} shifts."
            )
        if not 1 <= self.weight <= LARGEST_WEIGHT:
            raise InputError(
                f"lattice_qmc.weight is {self.weight}; give a Korobov weight of at least one, up to {LARGEST_WEIGHT}."
            )
        check_strength(self.name, self.a)

    def _choose_contour(self, s: torch.Tensor, clock: Clock) -> tuple[np.ndarray, bool]:
        """Return the fields of a `Contour` for each Feynman parameter (k, 2), and whether the clock cut the search."""
        terms, corners = self.integral_.terms, box_corners.corners(self.integral_)
        wanted = Effort(axis_choice.search_order(self.integral_.k), arc_search.n_contours(self.integral_.k))
        effort = arc_choice.affordable(terms, s, corners, wanted, clock, MAP_SHARE)
        (paths,), _ = arc_choice.contours(terms, s, corners, effort)
        return np.array([[path.phase, path.is_s] for path in paths]), effort != wanted

    def _choose_map(self, s: torch.Tensor, n_points: int) -> np.ndarray:
        """Return the strength for each axis that makes ∫ (f x')² smallest, one axis after the other, twice."""
        strengths = np.full(self.integral_.k, START)
        for axis in [*range(self.integral_.k)] * 2:
            trials = [np.where(np.arange(self.integral_.k) == axis, a, strengths) for a in STRENGTHS]
            strengths = min(trials, key=lambda trial: self._second_moment(s, trial, n_points))
        return strengths

    def _map_points(self, s: torch.Tensor, clock: Clock) -> int:
        """Return how many points the lattice may have that measures the variance of a map."""
        strengths, n_points, budget = np.full(self.integral_.k, START), MAP_POINTS, clock.share(MAP_SHARE).budget
        if budget is None:
            return n_points
        self._second_moment(s, strengths, FEWEST_MAP_POINTS)  # the first evaluation compiles the integrand's formula
        before = clock.left
        self._second_moment(s, strengths, FEWEST_MAP_POINTS)
        seconds_per_point = (before - clock.left) / FEWEST_MAP_POINTS
        n_trials = 2 * self.integral_.k * len(STRENGTHS)
        while n_points > FEWEST_MAP_POINTS and n_trials * seconds_per_point * n_points > budget:
            n_points //= 2
        return n_points

    def _second_moment(self, s: torch.Tensor, strengths: np.ndarray, n_points: int) -> float:
        """Return the mean over s of log ∫ (f x')²: its scale does not matter, so that every s counts alike.

        The mean is over the nodes at which f is finite: the first one of a lattice that is not shifted is x = 0.
        """
        x, weights = self._nodes(0, n_points, n_points, np.zeros(self.integral_.k), "identity", 1, strengths)
        f = (self.integral_.at_nodes(x)(s.to(x.dtype)) * (weights * n_points)).abs()
        squared = f.square()
        is_finite = squared.isfinite()
        if bool(is_finite.all()):
            mean = squared.mean(dim=1)
        else:
            mean = torch.where(is_finite, squared, 0.0).sum(dim=1) / is_finite.sum(dim=1).clamp_min(1)
        return float(mean.clamp_min(1e-300).log().mean())

    def _choose_rule(self, s: torch.Tensor, clock: Clock) -> bool:
        """Set points, transform and weight: the best transform at the smallest lattice that reaches `epsrel`.

        Return whether the clock ended the search.
        """
        transforms = CANDIDATES if self.transform is None else ((self.transform, self.weight),)
        most = min(MOST_POINTS, self.max_nodes // self.shifts)
        self.points_ = self.points or min(FEWEST_POINTS, 1 << (most.bit_length() - 1))
        if self.points and self.transform:
            self.transform_, self.weight_ = self.transform, self.weight
            return False
        while True:
            before = clock.left
            errors = {candidate: self._relative_error(s, *candidate) for candidate in transforms}
            self.transform_, self.weight_ = min(errors, key=lambda candidate: errors[candidate])
            if self.points or min(errors.values()) <= self.epsrel or 2 * self.points_ > most:
                return False
            # The next lattice takes twice as long, and then one of its rules is made once more.
            if 3 * (before - clock.left) > clock.left:
                return True
            self.points_ *= 2

    def _relative_error(self, s: torch.Tensor, transform: str, weight: int) -> float:
        """Return the root mean square relative error; points where I nearly vanishes count by the typical |I|.

        Points at which it is not finite are left out, as they are for every rule.
        """
        self.transform_, self.weight_ = transform, weight
        self._kept: list[tuple[int, Rule]] | None = None
        value, error = self._mean_and_error(s)
        is_finite = error.isfinite()
        value, error = value[is_finite], error[is_finite]
        return float((error / error_scale(value, float(value.abs().mean()))).square().mean().sqrt())

    def _mean_and_error(self, s: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and standard deviation of the mean over the shifts, by Welford's update: O(n) memory."""
        mean, squares = s.new_zeros(len(s), dtype=self._dtype), s.new_zeros(len(s))
        per_shift = itertools.groupby(self._kept or self._rules(), key=lambda pair: pair[0])
        for r, rules in per_shift:
            value = torch.zeros_like(mean)
            for _, rule in rules:
                value += rule(s)
            difference = value - mean
            mean += difference / (r + 1)
            squares += (difference * (value - mean).conj()).real
        error = (squares / (self.shifts * (self.shifts - 1))).sqrt()
        return mean, torch.hypot(error, ROUNDING * mean.abs())

    def _rules(self) -> Iterator[tuple[int, Rule]]:
        """Yield r and s -> its part of Q_r(s), for each shift and each block of nodes."""
        n = self.points_
        for r, start in itertools.product(range(self.shifts), range(0, n, BLOCK)):
            shift, stop = self.shifts_[r], min(start + BLOCK, n)
            nodes = self._nodes(start, stop, n, shift, self.transform_, self.weight_, self.a_)
            yield r, self.integral_.weighted_sum(*nodes)

    def _keep_rules(self) -> None:
        """Keep the rules where they fit into memory: their coefficients, and three buffers each."""
        n_rules = self.shifts * -(-self.points_ // BLOCK)
        on_cpu = torch.device(self.device).type == "cpu"
        n_bytes = 8 * 3 * n_rules * (CHUNK if on_cpu else CHUNK_GPU)  # of complex buffers, too: they have half the rows
        n_numbers = self.shifts * self.points_ * (self.integral_.m + self.integral_.k + 2)
        limit = KEPT if on_cpu else KEPT_GPU
        self._kept = list(self._rules()) if n_bytes + self._dtype.itemsize * n_numbers <= limit else None

    def _nodes(
        self, start: int, stop: int, n: int, shift: np.ndarray, transform: str, weight: int, strengths: np.ndarray
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return nodes start … stop − 1 of a lattice of n points (stop − start, k), and their weights."""
        j = torch.arange(start, stop, device=self.device)
        weights = torch.full((stop - start,), 1 / n, dtype=self._dtype, device=self.device)
        columns, paths = [], [Contour(float(phase), bool(is_s)) for phase, is_s in self.contour_]
        for i, (z, delta, a) in enumerate(zip(generating_vector(n, self.integral_.k), shift, strengths, strict=True)):
            t = (j * z % n).to(torch.float64) / n + float(delta)
            u, du_dt = PERIODISATIONS[transform](t - t.floor(), weight)
            x, dx_du = exponential(u, float(a))
            weights *= du_dt * dx_du
            if paths:
                x, dx_dy = paths[i].at(x)
                weights *= dx_dy
            columns.append(x)
        return torch.stack(columns, dim=1), weights

    @property
    def _dtype(self) -> torch.dtype:
        return torch.complex128 if self.integral_.is_complex else torch.float64

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(array, dtype=torch.float64, device=self.device)

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        super()._restore(state)
        self.points_, self.weight_, self.transform_ = int(self.points_), int(self.weight_), str(self.transform_)
        self._keep_rules()
