"""Interpolation of scattered labels by a kernel: what Gaussian processes and radial basis functions have in common.

    y(s) = Σ_i α_i κ(u(s), u_i) + a polynomial,    u(s) ∈ [−1, 1]^m

The target y made from I(s) (`methods/surrogates/targets.py`) is interpolated in coordinates without steep slopes,
u_j = log |c_j − s_j| (`coordinates.py`), with all c_j as far beyond the same end of the box, in units of its width.
`fit` takes end and distance from what labels left aside say of small interpolants. On box1l that is worth 0.5 digits to
a Gaussian process with 1,000 labels, on pentagon1l_8d with 1,500 it is worth 0.9.
"""

from __future__ import annotations

import dataclasses
import time
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import torch

from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.core.batches import in_batches
from methods.core.budget import Clock
from methods.surrogates import targets
from methods.surrogates.labels import with_label_errors
from methods.tables.coordinates import Coordinates

DISTANCES = (0.3, 1.0, 0.1, 30.0, 0.01, 1e-3, 1e-4)
"""Distances of c_j from the box, in units of its width, in the order in which they are tried; at the largest, u is
nearly linear in s."""

CHOICE_SHARE = 0.4
"""Share of the time left after the labels in which coordinates are tried."""

N_SMALL = 200
"""Labels of the small interpolants that choose a coordinate and settings."""

SHARE_OF_REST = 0.5
"""Share of the time left that the last two interpolants may take; their time grows with the cube of the labels."""

LABEL_EPSREL = 1e-9
"""Relative error wanted of labels: interpolants go through them."""

TARGETS = ("log_ratio", "ratio", "plain")
"""Targets in the order in which they are tried: an integral that changes sign has no logarithm."""

CHUNK = 1024
"""Points evaluated at once: the kernel between them and 2,000 labels takes 16 MB."""

Function = Callable[[np.ndarray], np.ndarray]
"""u (n, m) -> y (n,)."""


class Found(NamedTuple):
    """Coordinates that were tried: how far an interpolant in them missed the labels left aside, and its settings."""

    rms: float
    distance: float
    """Of the c_j beyond the upper end of the box; negative beyond the lower one."""
    settings: np.ndarray


@dataclass(kw_only=True)
class LabelInterpolant(Method):
    """An interpolant of labels at scattered points.

    Parameters
    ----------
    labels : str
        The direct method that labels come from, as on the command line.
    n_labels : int
        Labels to compute; fewer where they, or the system of equations that they make, would take too much of the
        budget. The knob for accuracy.
    seed : int
        Of the scrambled Sobol points at which labels are computed.

    Attributes
    ----------
    details_ : dict
        `n_labels` computed, of which `n_refused` were left out as wrong and `n_used` of the others are interpolated;
        target; distance, the best of `n_distances` that were tried; whether the budget ended any of this. `n_labels`
        repeats the result, unless the budget left labels out of the system of equations, ended the trials of
        distances, or cut the label method short.

    Notes
    -----
    The error is the root mean square residual of one label in five, which an interpolant of the others has not seen,
    with the errors that these labels state added in quadrature, turned into that of I(s) at each point; the result then
    goes through all of them. It does not know where in the box the interpolant is worse.
    """

    labels: str = "gauss_legendre,max_nodes=300000"
    n_labels: int = 2000
    seed: int = 0

    @abstractmethod
    def _settings(self, u: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Choose what the interpolant needs beside labels, from a few of them: u (n, m), y (n,)."""

    @abstractmethod
    def _interpolant(self, u: np.ndarray, y: np.ndarray, settings: np.ndarray) -> Function:
        """Interpolate y (n,) at u (n, m)."""

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Compute labels, choose a coordinate and solve for the weights, within `budget`.

        Raises
        ------
        InputError
            For a complex integral, too few labels, or labels that cannot be learnt.
        """
        clock = Clock(budget)
        self._require_supported(integral)
        self.integral_ = integral
        examples = self._examples(clock)
        self.mean_, self.scale_ = examples.mean, examples.scale
        n, s, y = examples.n_train, examples.s, examples.y
        distances = [side * distance for distance in DISTANCES for side in (1, -1)]
        choosing, tried = clock.share(CHOICE_SHARE), list[Found]()
        while len(tried) < len(distances) and (not tried or choosing.left > 0):
            tried.append(self._tried(distances[len(tried)], s, y, n))
        best = min(tried, key=lambda found: found.rms)
        self.distance_, self.settings_ = best.distance, best.settings
        n_used = self._affordable(s, y, clock)
        u, n_train = self._coordinate(s), min(n, n_used)
        judged = self._interpolant(u[:n_train], y[:n_train], self.settings_)
        self.residual_ = self.scale_ * with_label_errors(_rms(judged(u[n:]) - y[n:]), examples.noise[n:])
        self.u_, self.y_ = u[:n_used], y[:n_used]
        self._function = self._interpolant(self.u_, self.y_, self.settings_)
        self.details_ = {
            "n_labels": len(s) + examples.n_refused, "n_refused": examples.n_refused, "n_used": n_used,
            "target": self.target_, "distance": best.distance, "n_distances": len(tried),
            "cut_short": examples.cut_short or n_used < len(s) or len(tried) < len(distances),
        }  # fmt: skip
        return self

    @in_batches
    def integrate(self, s: np.ndarray) -> Estimate:
        """Evaluate the interpolant; weights of both signs cancel, so that a row may differ from a batch by 1e-8.

        `n_eval` is the integrand at the centre, once per row, where the target needs it.
        """
        s = self.integral_.check(s)
        y = np.empty(len(s))
        for start in range(0, len(s), CHUNK):
            rows = slice(start, start + CHUNK)
            y[rows] = self._function(self._coordinate(s[rows]))
        value, slope = self._target.decode(s, self.mean_ + self.scale_ * y)
        return Estimate(value, self.residual_ * slope, self._target.n_eval * len(s))

    def _examples(self, clock: Clock) -> targets.Examples:
        """Compute labels, encoded for the first target that they allow."""
        from scipy.stats import qmc

        targets.check_number(self.n_labels)
        labelling = clock.share(targets.LABEL_SHARE)
        source = targets.prepared(self.labels, self.integral_, labelling, LABEL_EPSREL)
        sobol = qmc.Sobol(self.integral_.m, rng=self.seed)
        s = self.integral_.from_unit(sobol.random_base2((self.n_labels - 1).bit_length())[: self.n_labels])
        value, error = targets.compute_in_steps(source, lambda part: source.compute(part)[:2], s, labelling)
        cut_short = source.cut_short or len(value) < self.n_labels
        return dataclasses.replace(self._encoded(s, value, error, *TARGETS), cut_short=cut_short)

    def _encoded(
        self, s: np.ndarray, value: np.ndarray, error: np.ndarray, target: str, *others: str
    ) -> targets.Examples:
        """Encode labels (n,) at s (n, m) for the first of these targets that they allow, and keep it."""
        self.target_, self._target = target, targets.make(target, self.integral_)
        try:
            return targets.encoded(self._target, self.labels, s, value, error)
        except InputError:
            if not others:
                raise
        return self._encoded(s, value, error, *others)

    def _tried(self, distance: float, s: np.ndarray, y: np.ndarray, n: int) -> Found:
        """Try coordinates on a few labels, judged by those from n on."""
        self.distance_ = distance
        u, few = self._coordinate(s), min(N_SMALL, n)
        settings = self._settings(u[:few], y[:few])
        return Found(_rms(self._interpolant(u[:few], y[:few], settings)(u[n:]) - y[n:]), distance, settings)

    def _affordable(self, s: np.ndarray, y: np.ndarray, clock: Clock) -> int:
        """Count the labels that can be interpolated in the time left, twice."""
        few = 2 * N_SMALL
        if not clock.is_limited or len(s) <= few:
            return len(s)
        u, start = self._coordinate(s[:few]), time.perf_counter()
        self._interpolant(u, y[:few], self.settings_)
        seconds = time.perf_counter() - start
        growth = max(1.0, SHARE_OF_REST / 2 * clock.left / seconds)
        return min(len(s), int(few * growth ** (1 / 3)))

    def _coordinate(self, s: np.ndarray) -> np.ndarray:
        """Map s (n, m) to u (n, m) in [−1, 1]."""
        low, high = np.array(self.integral_.low), np.array(self.integral_.high)
        c = (high if self.distance_ > 0 else low) + self.distance_ * (high - low)
        return Coordinates(low, high, c).u(torch.as_tensor(s)).T.numpy()

    def _state(self) -> dict[str, Any]:
        names = ("u_", "y_", "settings_", "distance_", "target_", "mean_", "scale_", "residual_")
        return {name: np.asarray(getattr(self, name)) for name in names}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        if reason := self.unsupported(self.integral_):
            raise InputError(f"{self.name} cannot be loaded: {reason.removesuffix('.')}.")
        super()._restore(state)
        self.distance_, self.target_ = float(self.distance_), str(self.target_)
        self._target = targets.make(self.target_, self.integral_)
        self._function = self._interpolant(self.u_, self.y_, self.settings_)


def _rms(residual: np.ndarray) -> float:
    return float(np.sqrt(np.mean(residual**2)))
