"""What tables of I(s) have in common: coordinates, a target, a polynomial, and an error measured at other points.

The table of a complex integral consists of tables of the pieces into which thresholds cut its box.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
import torch

from methods.base import Estimate, Method, ParametricIntegral
from methods.core import thresholds
from methods.core.budget import Clock
from methods.surrogates.labels import LabelSource
from methods.surrogates.targets import compute_in_steps
from methods.tables import threshold_pieces
from methods.tables.coordinate_choice import SMALL, relative_errors
from methods.tables.coordinates import Coordinates, Target

CHUNK = 1024
"""Points evaluated at once."""


class Table(Method):
    """A method whose `_tabulate` sets the attributes below, and calls `_prepare` before anything is evaluated.

    The error is `relative_error_` times |I|, or times 1 % of its typical size, where that is more. A complex integral
    has a table for each piece of its box in `pieces_`, and none of the other attributes.
    """

    treats_complex: ClassVar[bool] = True
    label_field: ClassVar[str] = "max_labels"
    """The field that says how many labels there are: pieces share them."""

    device: str
    integral_: ParametricIntegral
    thresholds_: np.ndarray | None = None
    """(m,) for a piece of a complex integral, 0 for invariants without one."""
    c_: np.ndarray
    """(m,) of the coordinates."""
    target_: Target
    relative_error_: float
    typical_value_: float
    pieces_: tuple[Self, ...] = ()
    details_: dict[str, Any]
    _polynomial: Callable[[torch.Tensor], torch.Tensor]
    """y (n,) at coordinates u (m, n)."""

    @abstractmethod
    def _tabulate(self, clock: Clock) -> None:
        """Compute labels of `integral_` within the clock, and set the attributes above."""

    @abstractmethod
    def _prepare(self) -> None:
        """Lay out the polynomial for evaluation, from the fitted state."""

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Say why the thresholds of an integral are not known."""
        return super().unsupported(integral) or thresholds.reason_if_unknown(integral)

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Choose coordinates by labels at random points, and compute the labels of the table.

        The pieces of a complex integral share the budget and the labels.
        """
        clock = Clock(budget)
        self.integral_ = integral
        if integral.is_complex:
            found = thresholds.thresholds(integral)
            self._take_pieces(np.array([found.get(name, 0.0) for name in integral.parameters]))
            for i, piece in enumerate(self.pieces_):
                piece._tabulate(clock.share(1 / (len(self.pieces_) - i)))
            self.details_ = {
                "thresholds": found, "pieces": [piece.details_ for piece in self.pieces_],
                "cut_short": any(piece.details_["cut_short"] for piece in self.pieces_),
            }  # fmt: skip
        else:
            self._tabulate(clock)
        return self

    def integrate(self, s: np.ndarray) -> Estimate:
        """Evaluate the polynomial; no integrand evaluations."""
        s = self.integral_.check(s)
        if not self.integral_.is_complex:
            return self._estimate(s)
        value, error = np.empty(len(s), dtype=np.complex128), np.empty(len(s))
        for piece in self.pieces_:
            rows = self._rows_of(piece, s)
            value[rows], error[rows], _ = piece._estimate(s[rows])
        return Estimate(value, error, 0)

    def _rows_of(self, piece: Self, s: np.ndarray) -> Any:
        """Give the rows of s (n, m) that lie in a piece."""
        return slice(None) if len(self.pieces_) == 1 else piece._coordinates.are_on_their_side(s)

    def _take_pieces(self, found: np.ndarray) -> None:
        """Make a table for each piece of the box, not fitted yet, for thresholds (m,)."""
        pieces = threshold_pieces.pieces(self.integral_, found)
        fields = self.params() | {self.label_field: getattr(self, self.label_field) // len(pieces)}
        self.pieces_ = tuple(type(self)(**fields) for _ in pieces)
        for table, piece in zip(self.pieces_, pieces, strict=True):
            table.integral_, table.thresholds_ = piece.integral, piece.thresholds

    def _estimate(self, s: np.ndarray) -> Estimate:
        """Evaluate one table, at s (n, m)."""
        value = self._evaluate(s)
        return Estimate(value, self.relative_error_ * np.maximum(np.abs(value), SMALL * self.typical_value_), 0)

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
        with torch.inference_mode():  # without the books that torch keeps for derivatives: 7 % less time
            for start in range(0, len(s), CHUNK):
                part = slice(start, start + CHUNK)
                result[part] = self.target_.decode_(self._polynomial(coordinates.u(points[part])))
        return result.cpu().numpy()

    @property
    def _coordinates(self) -> Coordinates:
        return Coordinates(np.array(self.integral_.low), np.array(self.integral_.high), self.c_, self.thresholds_)

    def _error(self, s: np.ndarray, value: np.ndarray) -> float:
        """Root mean square relative error at s (n, m), where I is `value` (n,)."""
        return float(np.sqrt(np.mean(relative_errors(self._evaluate(s), value) ** 2)))

    def _claimed_error(self, s: np.ndarray, value: np.ndarray, label_error: np.ndarray) -> float:
        """Add to that error the one that labels claim there, since it is common to the table and to `value` (n,)."""
        claimed = (label_error / np.abs(value))[np.isfinite(label_error)]
        return float(np.hypot(self._error(s, value), np.sqrt(np.mean(claimed**2)) if len(claimed) else 0.0))

    def _state(self) -> dict[str, np.ndarray]:
        if not self.pieces_:
            return super()._state()
        state = {"thresholds_": np.asarray(self.pieces_[0].thresholds_)}
        for i, piece in enumerate(self.pieces_):
            state |= {f"{i}.{key}": value for key, value in piece._state().items() if key != "thresholds_"}
        return state

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        if not self.integral_.is_complex:
            self._restore_polynomial(state)
            return
        self._take_pieces(state["thresholds_"])
        for i, piece in enumerate(self.pieces_):
            first = f"{i}."
            piece._restore_polynomial({key[len(first) :]: a for key, a in state.items() if key.startswith(first)})

    def _restore_polynomial(self, state: dict[str, np.ndarray]) -> None:
        """Take back what one polynomial consists of."""
        super()._restore(state)
        sign, power, scale = state["target_"]
        self.target_ = Target(int(sign), int(power), float(scale))
        self._prepare()
