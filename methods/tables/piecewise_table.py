"""Tables that treat complex integrals, too: one for each piece into which thresholds cut the box."""

from __future__ import annotations

import numbers
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np

from methods.base import Estimate, InputError, ParametricIntegral
from methods.core import devices, few_points, thresholds
from methods.core.arithmetic import Arithmetic, Rows
from methods.core.batches import in_batches
from methods.core.budget import Clock
from methods.surrogates.labels import LEAST_LABELS
from methods.tables import table_arithmetic, threshold_pieces
from methods.tables.table import Table


class PiecewiseTable(Table):
    """A table whose `_tabulate` sets the attributes of a `Table` from labels of `integral_`.

    For a complex integral `fit` makes a table of the same class for each piece, in `pieces_`, and sets none of them.
    """

    treats_complex: ClassVar[bool] = True

    label_field: ClassVar[str] = "max_labels"
    """The field that says how many labels there are: pieces share them."""

    repeated_by: ClassVar[tuple[str, ...]] = ("max_labels", "n_pilot")
    """Fields whose values in `details_` repeat a fit that its budget cut short: one for each piece, where there are
    several, as a list. The fields take such a list, too."""

    pieces_: tuple[Any, ...] = ()
    details_: dict[str, Any]

    @abstractmethod
    def _tabulate(self, clock: Clock) -> None:
        """Compute labels and set the attributes, within the clock."""

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Say that the thresholds of an integral are not known."""
        return super().unsupported(integral) or thresholds.reason_if_unknown(integral)

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Choose coordinates by labels at random points, and make the polynomial of labels.

        The pieces of a complex integral share the budget and the labels.
        """
        clock = Clock(budget)
        self._require_supported(integral)
        devices.check(self.name, self.device)
        self.integral_, self._few, few = integral, None, few_points.of(self)
        vars(self).pop("pieces_", None)  # those of an earlier fit
        if integral.is_complex:
            found = thresholds.thresholds(integral)
            self._make_pieces(np.array([found.get(name, 0.0) for name in integral.parameters]))
            for piece in self.pieces_:
                piece._check_pilot()
            for i, piece in enumerate(self.pieces_):
                self._fit_piece(piece, clock.share(1 / (len(self.pieces_) - i)), monitor)
            details = [piece.details_ for piece in self.pieces_]
            repeated = {name: [of_piece[name] for of_piece in details] for name in self.repeated_by}
            self.details_ = {
                "thresholds": found, "pieces": details, "cut_short": any(d["cut_short"] for d in details),
                **{name: found if len(found) > 1 else found[0] for name, found in repeated.items()},
            }  # fmt: skip
        else:
            self._check_pilot()
            self._tabulate(clock)
        self._few = few and few.listed()
        return self

    def _fit_piece(self, piece: Self, clock: Clock, monitor: Callable[[Self], None] | None) -> None:
        """Fit a piece; where its training can be looked at, a method calls `monitor` once all pieces can integrate."""
        piece._tabulate(clock)

    @in_batches
    def integrate(self, s: np.ndarray) -> Estimate:
        """Evaluate the polynomial; no integrand evaluations."""
        s = self.integral_.check(s)
        if few_points.serve(self._few, s):
            return Estimate(*self._few(s), 0)
        if not self.integral_.is_complex:
            return self._estimate(s)
        value, error = np.empty(len(s), dtype=np.complex128), np.empty(len(s))
        for piece in self.pieces_:
            rows = self._rows_of(piece, s)
            value[rows], error[rows] = piece._estimate(s[rows])[:2]
        return Estimate(value, error, 0)

    def export_form(self) -> Arithmetic:
        """List the steps of value and error, as `methods.base.Exportable` says."""
        arithmetic = Arithmetic(self.integral_.m)
        tables = self.pieces_ or (self,)
        found = [table._steps(arithmetic) for table in tables]
        if self.integral_.is_complex:  # below a threshold a piece is real
            found = [(arithmetic.as_complex(value), error) for value, error in found]
        value, error = found[-1]
        for table, (of_value, of_error) in zip(tables[-2::-1], found[-2::-1], strict=True):
            pairs = ((of_value, value), (of_error, error))
            value, error = (table_arithmetic.on_side(arithmetic, table._coordinates, *pair) for pair in pairs)
        arithmetic.outputs |= {"value": value, "error": error}
        return arithmetic

    @abstractmethod
    def _steps(self, arithmetic: Arithmetic) -> tuple[Rows, Rows]:
        """List the steps of value and error of a single table: a complex value has two rows."""

    def _number(self, field: str) -> Any:
        """Give the value of a field in `repeated_by`, of a single table."""
        value = getattr(self, field)
        if isinstance(value, list):
            raise InputError(f"{self.name}.{field} is a list, and {self.integral_.name} has one table; give a number.")
        return value

    def _check_pilot(self) -> None:
        """Refuse a number of labels at random points, of a single table, that is too small, or leaves no others."""
        if "n_pilot" not in self.repeated_by or (n_pilot := self._number("n_pilot")) is None:
            return
        max_labels = self._number("max_labels")
        is_whole = isinstance(n_pilot, numbers.Integral) and not isinstance(n_pilot, bool)
        if not is_whole or not LEAST_LABELS <= n_pilot < max_labels:
            raise InputError(
                f"{self.name}.n_pilot is {n_pilot!r}; give a whole number of at least {LEAST_LABELS} that is "
                f"smaller than max_labels, here {max_labels} for each table."
            )

    def _rows_of(self, piece: Self, s: np.ndarray) -> Any:
        """Give the rows of s (n, m) that lie in a piece."""
        return slice(None) if len(self.pieces_) == 1 else piece._coordinates.are_on_their_side(s)

    def _make_pieces(self, found: np.ndarray) -> None:
        """Make a table, not fitted yet, for each piece of the box with thresholds (m,)."""
        pieces = threshold_pieces.pieces(self.integral_, found)
        self.pieces_ = tuple(type(self)(**self._fields_of_piece(i, len(pieces))) for i in range(len(pieces)))
        for table, piece in zip(self.pieces_, pieces, strict=True):
            table.integral_, table.thresholds_ = piece.integral, piece.thresholds

    def _fields_of_piece(self, i: int, n_pieces: int) -> dict[str, Any]:
        """Give the fields of the i-th of so many pieces."""
        fields = self.params()
        for name in self.repeated_by:
            value = fields[name]
            if isinstance(value, list):
                if len(value) != n_pieces:
                    raise InputError(
                        f"{self.name}.{name} has {len(value)} numbers, and thresholds cut the box of "
                        f"{self.integral_.name} into {n_pieces} pieces; give one for each, or a single one."
                    )
                fields[name] = value[i]
            elif name == self.label_field:
                fields[name] = value // n_pieces
        return fields

    def _state(self) -> dict[str, np.ndarray]:
        if not self.pieces_:
            return super()._state()
        state = {"thresholds_": np.asarray(self.pieces_[0].thresholds_)}
        for i, piece in enumerate(self.pieces_):
            state |= {f"{i}.{key}": value for key, value in piece._state().items() if key != "thresholds_"}
        return state

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._few = few_points.of(self)
        if not self.integral_.is_complex:
            self._restore_polynomial(state)
            return
        self._make_pieces(state["thresholds_"])
        for i, piece in enumerate(self.pieces_):
            own = {key: value for key, value in state.items() if key.startswith(f"{i}.")}
            piece._restore_polynomial({key.partition(".")[2]: value for key, value in own.items()})

    def _restore_polynomial(self, state: dict[str, np.ndarray]) -> None:
        """Take back the state of a single table."""
        super()._restore(state)
