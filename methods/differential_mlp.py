"""A network that learns I(s) and ∂I/∂s together, in coordinates in which I(s) is nearly a polynomial.

∂I/∂s is the integral of ∂f/∂s: the quadrature that gives a label gives all its m derivatives, too, at two to three
times the cost where sums are compiled (`node_gradients.py`), so that a label tells 1 + m numbers. The network N and its
own derivatives are fitted together,

    loss = Σ_i (N(u_i) − y_i)² / n  +  λ/m Σ_j Σ_i (∂N/∂u_j(u_i) − ∂y_i/∂u_j)² / (n ⟨(∂y/∂u_j)²⟩),

with u_j = log |c_j − s_j| in [−1, 1] and the target y, which is log |I|, |I|^(−1/p) or I itself, standardised: the
labels choose c_j and p (`coordinate_choice.py`). ⟨…⟩ is the mean over the training labels, which makes all derivatives
together count as much as the values, whose own mean square is one. Labels lie on the faces of the box, too, since a
network is worst where it has to continue what it knows.

A complex I(s) has a network with two outputs, Re y and Im y, whose losses are added, with y = I or 1/I
(`complex_parts.py`). There is one for each piece into which thresholds cut the box, in coordinates analytic at the
threshold (`threshold_coordinates.py`).

Huge and Savine, *Differential machine learning*, arXiv:2005.02347, section 2 and their appendix on training (balance by
mean squares); Czarnecki et al., *Sobolev training for neural networks*, NeurIPS 2017.

notation: paper's x = s, y = I, x̄ = ∂I/∂s (differential labels), λ = gradient_weight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch

from methods.base import Estimate, InputError, ParametricIntegral
from methods.core import devices, few_points
from methods.core.arithmetic import Arithmetic, Rows
from methods.core.budget import Clock
from methods.core.relative_error import SMALL, relative_errors
from methods.core.storage import StorageError
from methods.surrogates import complex_parts, local_error, network_arithmetic, tanh_network, targets
from methods.surrogates.gradient_labels import GradientLabelSource
from methods.surrogates.label_limit import LabelLimit
from methods.surrogates.quasi_newton import minimise
from methods.surrogates.tanh_network import TanhNetwork
from methods.tables import coordinate_choice, table_arithmetic
from methods.tables.coordinates import Target
from methods.tables.piecewise_table import PiecewiseTable
from methods.tables.table import CHUNK

N_CHOICE = 256
"""Labels that choose coordinates and target."""

STRETCH = 1.25
"""Labels are drawn from a box that is larger by this factor, and moved to the nearest point of the box: one coordinate
in five lies at an end."""

LEAST_SQUARE = 1e-4
"""Mean square of a derivative in units of y and u, both of order one, below which it is not scaled up further: where I
does not depend on an invariant, the rounding of labels would be learnt."""


@dataclass(kw_only=True)
class DifferentialMLP(PiecewiseTable):
    """Fully connected network with tanh that learns I(s) and ∂I/∂s, in float32.

    Parameters
    ----------
    depth, width : int
        Number of hidden layers, and neurons of each. With P weights training takes 4 P² bytes.
    gradient_weight : float
        λ, how much all derivatives together count against the values; with 0 they are computed but not learnt.
    labels : str
        The direct method that labels come from; it must give derivatives, as gauss_legendre does.
    n_labels : int
        Labels to compute, one in five for validation; fewer where they would take too much of the budget.
    n_iterations : int, optional
        Iterations of the quasi-Newton method; None makes as many as the budget allows.
    seed : int
        Of the labelled points and the initial weights.
    device : str
        Where to compute, as torch names it.

    Notes
    -----
    Labels whose stated error is too large are refused (`methods/surrogates/label_limit.py`).

    The error follows the residuals of the validation labels, which are larger towards the edges (`local_error.py`),
    and the errors that the labels state; that of a complex value is √(σ_Re² + σ_Im²).
    `n_labels` and `n_iterations` from ``details_`` repeat the result, unless the label method was cut short.

    Digits on average and at worst after 30 s of one core: box1l 6.6 and 5.5, pentabox_s01 4.7 and 3.8; after 60 s:
    box2l_sum 6.2 and 5.3, pentagon1l_8d 4.9 and 3.3 (mean of two seeds), hexagon1l 4.6 and 3.2. Of their points
    71 to 83 % lie within one error, and 98.8 to 100 % within three. Above threshold, after 20 s of processor time:
    box1l_physical 5.3 and 3.9 (60 s: 5.6 and 4.1), box1l_hh 5.7 and 4.3; on box1l_threshold_above, where labels are
    poor, 2.7 and 1.3. There 81 to 97 % lie within one error, and 97 to 100 % within three.
    """

    name: ClassVar[str] = "differential_mlp"
    source: ClassVar[str] = "Huge & Savine, arXiv:2005.02347 (2020); Czarnecki et al., NeurIPS 2017"
    version: ClassVar[int] = 2
    precision = "float32"
    label_field: ClassVar[str] = "n_labels"
    repeated_by: ClassVar[tuple[str, ...]] = ("n_labels", "n_iterations")

    depth: int = 2
    width: int = 32
    gradient_weight: float = 1.0
    labels: str = "gauss_legendre,max_nodes=300000"
    n_labels: int | list[int] = 2_000
    n_iterations: int | list[int] | None = None
    seed: int = 0
    device: str = "cpu"

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Compute labels with derivatives and train within `budget`.

        Raises
        ------
        InputError
            For a count or weight that makes no sense, labels without derivatives or labels that cannot be learnt.
        """
        if integral.is_complex:
            return super().fit(integral, budget=budget, monitor=monitor)
        clock = Clock(budget)
        self._require_supported(integral)
        devices.check(self.name, self.device)
        self.integral_, self._few, few = integral, None, few_points.of(self)
        vars(self).pop("pieces_", None)  # those of an earlier fit
        self._tabulate(clock, monitor)
        self._few = few and few.listed()
        return self

    def _fit_piece(self, piece: Self, clock: Clock, monitor: Callable[[Self], None] | None) -> None:
        """Train the network of a piece; only with that of the last one can this method integrate."""
        is_last = piece is self.pieces_[-1]
        piece._tabulate(clock, None if monitor is None or not is_last else lambda _: monitor(self))

    def _tabulate(self, clock: Clock, monitor: Callable[[Self], None] | None = None) -> None:
        """Compute labels of `integral_` and train the network that takes the place of a table's polynomial."""
        self._check_fields()
        integral = self.integral_
        s, value, label_error, gradient, counts = self._labels(clock.share(targets.LABEL_SHARE))
        n_train = round(len(value) * (1 - targets.VALIDATION_SHARE))
        few = slice(0, min(N_CHOICE, n_train))
        choice = coordinate_choice.choose(integral.low, integral.high, s[few], value[few], self.thresholds_)
        self.c_, coordinates = choice.coordinates.c, choice.coordinates
        keeps_sign = integral.is_complex or Target.of_values(value, 0).sign
        self.target_ = choice.target if keeps_sign else Target.of_values(value, 0)
        self.typical_value_ = float(np.abs(value).mean())
        y = self.target_.encode(value)
        self.mean_, self.scale_ = targets.mean_and_scale(y[:n_train])
        y = (y - self.mean_) / self.scale_
        slope = gradient * (self.target_.slope(value) / self.scale_)[:, None] / coordinates.slope(s)
        u = coordinates.u(torch.as_tensor(s)).numpy()
        loss = self._loss(u[:, :n_train], y[:n_train], slope[:n_train].T)

        def score(weights: torch.Tensor) -> float:
            self.weights_ = weights.cpu().numpy()
            self._prepare()
            found = self._standardised(torch.as_tensor(u[:, n_train:], device=self.device)).cpu().numpy()
            return float(np.sqrt(np.mean(np.abs(found - y[n_train:]) ** 2)))

        def judge() -> None:
            label, noise = value[n_train:], label_error[n_train:]
            parts = [relative_errors(difference, label) for difference in (self._evaluate(s[n_train:]) - label, noise)]
            self.error_ = local_error.fit(u[:, n_train:], np.hypot(*parts))

        def look() -> None:
            if monitor is not None:
                judge()
            clock.show(monitor, self)

        start = TanhNetwork(self._widths).start(self.seed).to(self.device)
        found = minimise(loss, start, self._number("n_iterations"), clock, score=score, look=look)
        score(found.x)
        judge()
        self.details_ = {
            **counts, "n_iterations": found.n_iterations, "n_weights": len(start), "c": self.c_.tolist(),
            "sign": self.target_.sign, "power": self.target_.power, "validation_rms": found.score,
        }  # fmt: skip

    def _estimate(self, s: np.ndarray) -> Estimate:
        """Evaluate one network; rows differ from single evaluation by float32 rounding."""
        points = torch.as_tensor(s, device=self.device)
        value = points.new_empty(len(points), dtype=torch.complex128 if self.integral_.is_complex else torch.float64)
        error = points.new_empty(len(points))
        with torch.inference_mode():
            for start in range(0, len(points), CHUNK):
                rows = slice(start, start + CHUNK)
                u = self._u(points[rows])
                value[rows] = self.target_.decode_(self._target_values(u))
                error[rows] = local_error.evaluate(self.error_, u)
        error *= value.abs().clamp_min_(SMALL * self.typical_value_)
        return Estimate(value.cpu().numpy(), error.cpu().numpy(), 0)

    def gradient(self, s: np.ndarray) -> np.ndarray:
        """Return ∂I/∂s (n, m) of the network for s (n, m), in units of I per unit of s, without an error.

        Raises
        ------
        InputError
            For s of the wrong shape or outside the box.
        """
        s = self.integral_.check(s)
        if not self.integral_.is_complex:
            return self._gradient(s)
        gradient = np.empty(s.shape, dtype=np.complex128)
        for piece in self.pieces_:
            rows = self._rows_of(piece, s)
            gradient[rows] = piece._gradient(s[rows])
        return gradient

    def _gradient(self, s: np.ndarray) -> np.ndarray:
        """Compute ∂I/∂s (n, m) of one network."""
        gradient = np.empty(s.shape, dtype=np.complex128 if self.integral_.is_complex else np.float64)
        for start in range(0, len(s), CHUNK):
            rows = slice(start, start + CHUNK)
            u = self._coordinates.u(torch.as_tensor(s[rows], device=self.device))
            with torch.inference_mode():
                outputs = tanh_network.values_and_slopes(self._layers, u.float())
                slope = complex_parts.joined(torch.stack([slope for _, slope in outputs])).T.cpu().numpy()
            dy_di = self.target_.slope(self._evaluate(s[rows]))[:, None]
            gradient[rows] = slope * self.scale_ * self._coordinates.slope(s[rows]) / dy_di
        return gradient

    def export_form(self) -> Arithmetic:
        """List the steps of value and error, and of a real integral those of the gradient."""
        arithmetic = super().export_form()
        if not self.integral_.is_complex:
            u = table_arithmetic.u(arithmetic, arithmetic.s, self._coordinates)
            y, slope = network_arithmetic.with_slope(arithmetic, arithmetic.cast(u, self.precision), self._arrays())
            y = arithmetic.scale(arithmetic.cast(y, "float64"), self.scale_, self.mean_)
            arithmetic.outputs["gradient"] = table_arithmetic.gradient(
                arithmetic, arithmetic.scale(arithmetic.cast(slope, "float64"), self.scale_), y, self.target_,
                self._coordinates,
            )  # fmt: skip
        return arithmetic

    def _steps(self, arithmetic: Arithmetic) -> tuple[Rows, Rows]:
        u = table_arithmetic.u(arithmetic, arithmetic.s, self._coordinates)
        y = network_arithmetic.dense(arithmetic, arithmetic.cast(u, self.precision), self._arrays(), "tanh")
        means = complex_parts.parts(np.asarray(self.mean_))
        y = arithmetic.scale(arithmetic.cast(y, "float64"), self.scale_, np.array(means) if y.n == 2 else means[0])
        value = table_arithmetic.value(arithmetic, y, self.target_)
        m = self.integral_.m
        distance = arithmetic.affine(arithmetic.apply("square", u), np.full((1, m), 1 / m))
        relative = arithmetic.apply("exp", arithmetic.scale(distance, self.error_[1], self.error_[0]))
        size = table_arithmetic.error(arithmetic, value, 1.0, self.typical_value_)
        return value, arithmetic.multiply(size, relative)

    def _arrays(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Give weights (n_out, n_in) and biases (n_out,) of each layer."""
        return [(weights.cpu().numpy(), bias[:, 0].cpu().numpy()) for weights, bias in self._layers]

    @property
    def _widths(self) -> list[int]:
        return [self.integral_.m, *[self.width] * self.depth, 2 if self.integral_.is_complex else 1]

    def _check_fields(self) -> None:
        targets.check_number(self._number("n_labels"))
        for field in ("depth", "width"):
            if getattr(self, field) < 1:
                raise InputError(f"{self.name}.{field} is {getattr(self, field)}; give at least 1.")
        if not self.gradient_weight >= 0:
            raise InputError(f"{self.name}.gradient_weight is {self.gradient_weight}; give a number of at least 0.")
        n_iterations = self._number("n_iterations")
        if n_iterations is not None and n_iterations < 0:
            raise InputError(f"{self.name}.n_iterations is {n_iterations}; give at least 0, or None.")

    def _labels(self, clock: Clock) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, int | bool]]:
        """Compute labels: s (n, m), I (n,), its error, ∂I/∂s (n, m), and what `details_` tells of them."""
        budget = clock.share(targets.PREPARATION_SHARE).budget
        source = GradientLabelSource(self.labels, self.integral_, epsrel=targets.LABEL_EPSREL, budget=budget)
        unit = np.random.default_rng(self.seed).random((self._number("n_labels"), self.integral_.m))
        s = self.integral_.from_unit(np.clip(0.5 + STRETCH * (unit - 0.5), 0, 1))

        def compute(part: np.ndarray) -> tuple[np.ndarray, ...]:
            estimate, gradient = source.compute_with_gradient(part)
            return estimate.value, estimate.error, gradient

        value, error, gradient = targets.compute_in_steps(source, compute, s, clock)
        targets.check(self.integral_, self.labels, value, error)
        n_labels = len(value)
        limit = LabelLimit.of(value, error)
        value, error, gradient, s = limit.without_refused(value, error, gradient, s[:n_labels])
        if not np.isfinite(gradient).all():
            name = self.integral_.name
            raise InputError(f"{self.labels} gave derivatives of {name} that are not finite; choose another method.")
        counts = {
            "n_labels": n_labels, "n_refused": n_labels - len(value),
            "cut_short": source.cut_short or n_labels < self._number("n_labels"),
        }  # fmt: skip
        return s, value, np.nan_to_num(error), gradient, counts  # nan: none is stated

    def _loss(self, u: np.ndarray, y: np.ndarray, slope: np.ndarray) -> Callable[[torch.Tensor], torch.Tensor]:
        """Return the loss of the module's docstring for u (m, n), y (n,) and slopes (m, n)."""
        squares = np.maximum(np.square(np.abs(slope)).mean(axis=1, keepdims=True), LEAST_SQUARE)
        weights = self.gradient_weight / (self.integral_.m * squares)
        network = TanhNetwork(self._widths)
        arrays = [u, weights, *complex_parts.parts(y), *complex_parts.parts(slope)]
        tensors = [torch.as_tensor(np.ascontiguousarray(array), device=self.device) for array in arrays]
        data = {dtype: [tensor.to(dtype) for tensor in tensors] for dtype in (torch.float32, torch.float64)}

        def loss(x: torch.Tensor) -> torch.Tensor:
            u, weights, *labels = data[x.dtype]
            outputs = tanh_network.values_and_slopes(network.layers(x), u)
            n_out, total = len(outputs), x.new_zeros(())
            for (value, gradient), y, slope in zip(outputs, labels[:n_out], labels[n_out:], strict=True):
                of_slopes = ((gradient - slope).square() * weights).sum(dim=0).mean()
                total = total + (value - y).square().mean() + of_slopes
            return total

        return loss

    def _standardised(self, u: torch.Tensor) -> torch.Tensor:
        """Compute the network's output (n,) in double precision at u (m, n)."""
        with torch.inference_mode():
            return complex_parts.joined(tanh_network.values(self._layers, u.float()))

    def _target_values(self, u: torch.Tensor) -> torch.Tensor:
        """Compute y (n,) at u (m, n)."""
        return self._standardised(u).mul_(self.scale_).add_(self.mean_)

    def _restore_polynomial(self, state: dict[str, np.ndarray]) -> None:
        n_weights = TanhNetwork(self._widths).n_weights
        shapes: dict[str, tuple[int, ...]] = {
            "c_": (self.integral_.m,), "target_": (len(Target._fields),), "weights_": (n_weights,), "error_": (2,),
            "mean_": (), "scale_": (), "typical_value_": (),
        }  # fmt: skip
        for key, shape in shapes.items():
            if key not in state or state[key].shape != shape:
                raise StorageError(f"The file has no {key} of this {self.name}; save it again.")
        super()._restore_polynomial(state)

    def _prepare(self) -> None:
        weights = torch.as_tensor(self.weights_, dtype=torch.float32, device=self.device)
        self._layers = TanhNetwork(self._widths).layers(weights)
        middle, half = self._coordinates.middle_and_half()
        to_centre = np.sign(self.c_ - np.array(self.integral_.low)) * np.exp(middle)
        self._centre, self._per_distance = (
            torch.as_tensor(v, device=self.device) for v in (self.c_ - to_centre, -1 / to_centre)
        )
        self._half = torch.as_tensor(half[:, None], dtype=torch.float32, device=self.device)

    def _u(self, s: torch.Tensor) -> torch.Tensor:
        """Map s (n, m) to u (m, n) in the network's precision, if real in half the time of `Coordinates.u`.

        With s_0 where u is zero, log |c − s| − log |c − s_0| = log(1 − (s − s_0)/(c − s_0)), whose argument keeps its
        digits in float32 even where c is far away.
        """
        if self.thresholds_ is not None:
            return self._coordinates.u(s).float()
        relative = ((s - self._centre) * self._per_distance).T
        return relative.to(torch.float32, memory_format=torch.contiguous_format).log1p_().div_(self._half)
