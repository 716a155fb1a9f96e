"""What tables of I(s) have in common: coordinates, a target y, and an error measured at other points."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import numpy as np
import torch

from methods.base import Estimate, Method, ParametricIntegral
from methods.core.batches import in_batches
from methods.core.budget import Clock
from methods.core.relative_error import error_scale, relative_errors
from methods.surrogates.labels import LabelSource, with_label_errors
from methods.surrogates.targets import compute_in_steps
from methods.tables.coordinates import Coordinates, Target

CHUNK = 1024
"""Points evaluated at once."""


class Table(Method):
    """A method whose `fit` sets the attributes below, and calls `_prepare` before anything is evaluated.

    The error is `relative_error_` times |I|, or times 1 % of its typical size, where that is more.
    """

    device: str
    integral_: ParametricIntegral
    thresholds_: np.ndarray | None = None
    """(m,) of a complex integral's invariants, 0 for those without one."""
    c_: np.ndarray
    """(m,) of the coordinates."""
    target_: Target
    relative_error_: float
    typical_value_: float
    _target_values: Callable[[torch.Tensor], torch.Tensor]
    """y (n,) at coordinates u (m, n), as a polynomial or a network has it."""

    @abstractmethod
    def _prepare(self) -> None:
        """Lay out what gives y for evaluation, from the fitted state."""

    @in_batches
    def integrate(self, s: np.ndarray) -> Estimate:
        """Evaluate the table; no integrand evaluations."""
        return self._estimate(self.integral_.check(s))

    def _estimate(self, s: np.ndarray) -> Estimate:
        """Evaluate I and its error at s (n, m)."""
        value = self._evaluate(s)
        return Estimate(value, self.relative_error_ * error_scale(value, self.typical_value_), 0)

    def _pilot(self, source: LabelSource, n: int, clock: Clock) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw n points (n, m) and compute I and its error at them: fewer where the clock ends that."""
        points = self.integral_.sample(n, seed=1)
        value, error = compute_in_steps(source, lambda s: source.compute(s)[:2], points, clock)
        return points[: len(value)], value, error

    def _evaluate(self, s: np.ndarray) -> np.ndarray:
        """Evaluate I (n,) at s (n, m)."""
        coordinates = self._coordinates
        points = torch.as_tensor(s, dtype=torch.float64, device=self.device)
        result = points.new_empty(len(s), dtype=torch.complex128 if self.integral_.is_complex else torch.float64)
        with torch.inference_mode():  # without recording for derivatives: 7 % less time
            for start in range(0, len(s), CHUNK):
                part = slice(start, start + CHUNK)
                result[part] = self.target_.decode_(self._target_values(coordinates.u(points[part])))
        return result.cpu().numpy()

    @property
    def _coordinates(self) -> Coordinates:
        return Coordinates(np.array(self.integral_.low), np.array(self.integral_.high), self.c_, self.thresholds_)

    def _error(self, s: np.ndarray, value: np.ndarray) -> float:
        """Root mean square relative error at s (n, m), where I is `value` (n,)."""
        return float(np.sqrt(np.mean(relative_errors(self._evaluate(s) - value, value) ** 2)))

    def _claimed_error(self, s: np.ndarray, value: np.ndarray, label_error: np.ndarray) -> float:
        """Add to that error the one that labels state there (n,)."""
        return with_label_errors(self._error(s, value), relative_errors(label_error, value))

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        super()._restore(state)
        sign, power, scale = state["target_"]
        self.target_ = Target(int(sign), int(power), float(scale))
        self._prepare()
