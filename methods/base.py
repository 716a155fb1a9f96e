"""The three things that everything else is built from: an integral, a method, an estimate.

A parametric integral is I(s) = ∫_[0,1]^k f(s, x) dx. A method prepares itself once for such an integral (`fit`) and
then returns I(s) for any number of phase-space points (`integrate`). To add a method, subclass `Method` as a
keyword-only dataclass, write these two functions, and hand it to the harness:

    python -m benchmarks.accuracy --integral box1l --method my_file:MyMethod,field=value
"""

from __future__ import annotations

import dataclasses
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from methods.core import domain, points, storage
from methods.core.errors import InputError
from methods.core.integral_hash import integral_hash

if TYPE_CHECKING:
    from methods.core.expression import Expression


class Estimate(NamedTuple):
    """What a method says of I(s) at n phase-space points."""

    value: np.ndarray
    """(n,) float64 (complex128 where the integral is complex), on the host."""
    error: np.ndarray
    """(n,) one standard deviation, in the units of `value`; nan = the method claims none."""
    n_eval: int
    """Integrand evaluations spent in this call (0 for a surrogate)."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ParametricIntegral:
    """I(s) = ∫_[0,1]^k f(s, x) dx over a box of kinematic invariants s; InputError where the pieces do not fit."""

    name: str
    """Slug (letters, digits, underscores): record key, pytest id, asv parameter."""
    k: int
    """Number of Feynman parameters x."""
    parameters: tuple[str, ...]
    """Names of the columns of s, m of them."""
    low: tuple[float, ...]
    high: tuple[float, ...]
    """The box of s."""
    integrand: Callable[[Any, Any], Any]
    """f(s, x) with s (..., m) and x (..., k), broadcasting to (...); NumPy or torch, dtype and device kept."""
    exact: Callable[[np.ndarray], np.ndarray] | None = None
    """Closed form, s (n, m) -> (n,)."""
    source: str = ""
    """Paper and equation."""
    expression: Expression | None = dataclasses.field(default=None, repr=False)
    """The symbols behind `integrand`; set by `from_expression`."""
    draw: str = "uniform"
    """How points are drawn from the box: "uniform", or "log-uniform" for invariants over many decades."""

    def __post_init__(self) -> None:
        for field, convert in (("parameters", str), ("low", float), ("high", float)):
            object.__setattr__(self, field, tuple(map(convert, getattr(self, field))))
        if not re.fullmatch(r"\w+", self.name):
            raise InputError(f"The integral's name {self.name!r} may hold letters, digits and underscores only.")
        if self.k < 1:
            raise InputError(f"Integral {self.name} has k = {self.k}; at least one Feynman parameter is needed.")
        if problem := domain.problem(self.parameters, self.low, self.high, self.draw):
            raise InputError(f"Integral {self.name}: {problem}")

    @classmethod
    def from_expression(
        cls, *, name: str, expression: str, definitions: Mapping[str, str] | None = None, variables: Sequence[str],
        parameters: Sequence[str], low: Sequence[float], high: Sequence[float],
        exact: Callable[[np.ndarray], np.ndarray] | None = None, source: str = "", draw: str = "uniform",
    ) -> Self:  # fmt: skip
        """Make an integral from text such as ``"2*U*x4/F**3"`` with ``definitions={"U": "...", "F": "..."}``.

        The text is parsed, never executed; InputError for what is not a formula. From this one definition come the
        NumPy and torch integrand, differentiable in s and x under torch, and the input of pySecDec.
        """
        from methods.core.expression import Expression
        from methods.core.integrand import integrand_of

        symbols = Expression.parse(expression, definitions or {}, tuple(variables), tuple(parameters))
        return cls(
            name=name, k=len(variables), parameters=tuple(parameters), low=tuple(low), high=tuple(high),
            integrand=integrand_of(symbols), exact=exact, source=source, expression=symbols, draw=draw,
        )  # fmt: skip

    @property
    def m(self) -> int:
        """Number of kinematic invariants: the width of s."""
        return len(self.parameters)

    def at_nodes(self, x: Any) -> Callable[[Any], Any]:
        """Fix the nodes x (n_x, k); return s (n_s, m) -> f (n_s, n_x), polynomials affine in s as a matrix product."""
        fixed = getattr(self.integrand, "at_nodes", None)
        return fixed(x) if fixed else lambda s: self.integrand(s[:, None, :], x)

    def weighted_sum(self, x: Any, weights: Any) -> Callable[[Any], Any]:
        """Fix torch nodes x (n_x, k) and weights (n_x,); return s (n_s, m) -> Σ_n w_n f(s, x_n) (n_s,), in chunks."""
        from methods.core import node_sums

        if fixed := getattr(self.integrand, "weighted_sum", None):
            return fixed(x, weights)
        return node_sums.weighted_sum(self.at_nodes(x), len(x), weights)

    def check(self, s: Any) -> np.ndarray:
        """Return a copy of s as a float64 array (n, m) in C order.

        Raises InputError for another shape, what are not real numbers, NaN, or points outside the box.
        """
        s = points.real_points(s, self.name, self.parameters)
        if found := domain.outside(s, self.low, self.high):
            row, column = found
            raise InputError(
                f"{self.parameters[column]} = {s[row, column]:g} in row {row} lies outside the box of {self.name}; "
                f"give points within [{self.low[column]:g}, {self.high[column]:g}]."
            )
        return s

    def sample(self, n: int, seed: int) -> np.ndarray:
        """Draw n phase-space points from the box: (n, m)."""
        return self.from_unit(np.random.default_rng(seed).random((n, self.m)))

    def from_unit(self, u: Any) -> Any:
        """Return the points s (n, m) of the box at u in [0, 1]^m, its coordinates under `draw`."""
        s = domain.DRAWS[self.draw].from_unit(np.array(self.low), np.array(self.high), u)
        return np.clip(s, self.low, self.high)

    def to_unit(self, s: Any) -> Any:
        """Return u (n, m) in [0, 1]^m of points s of the box: the inverse of `from_unit`."""
        return domain.DRAWS[self.draw].to_unit(np.array(self.low), np.array(self.high), s)

    def fingerprint(self) -> str:
        """Return a hash of the integral's definition: f at eight fixed points, the box and the parameters."""
        return integral_hash(self)


class Method(ABC):
    """A way to compute I(s). Subclasses are keyword-only dataclasses: the fields are the hyperparameters.

    As in scikit-learn there is no work in ``__init__``, fitted state ends in an underscore, and `fit` returns self.
    Results are deterministic given the field ``seed``. Of a method that has them, the harness sets the fields seed,
    device, workers, reads ``n_updates_``, ``setup_s_``, ``details_``, and on request calls ``diagnose()`` -> JSON dict.
    """

    name: ClassVar[str]
    """Letters, digits, dots, dashes and underscores, 60 at most: record key and command line."""
    source: ClassVar[str]
    version: ClassVar[int] = 1
    """Raised when its results change."""
    precision = "float64"
    """The precision in which it evaluates; a method that offers a choice has a field of this name instead."""

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Return why this method cannot treat `integral`, or None where it can."""
        return None

    @abstractmethod
    def fit(
        self, integral: ParametricIntegral, *, budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:  # fmt: skip
        """Train, compile or tabulate in at most `budget` seconds, labels included; set ``self.integral_``.

        `monitor` is called now and then with this method in a state that can integrate; that time does not count.
        """

    @abstractmethod
    def integrate(self, s: np.ndarray) -> Estimate:
        """Return I(s) for s (n, m), any n >= 0, in bounded memory. Raises InputError for s outside the box."""

    def save(self, path: Any) -> None:
        """Write the fitted method to `path`, without pickle."""
        integral = self.__dict__["integral_"].fingerprint()
        storage.write(path, {"method": self.name, "integral": integral, "params": self.params()}, self._state())

    @classmethod
    def load(cls, path: Any, integral: ParametricIntegral) -> Self:
        """Read what `save` wrote. Raises StorageError for a corrupt or foreign file, or one of another integral."""
        header, state = storage.read(path)
        storage.compare(path, header, {"method": cls.name, "integral": integral.fingerprint()})
        return storage.rebuild(path, cls, header, integral, state)

    def params(self) -> dict[str, Any]:
        """Return the hyperparameters by name."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]

    def _state(self) -> dict[str, np.ndarray]:
        """Return the fitted state as arrays; by default every attribute that ends in one underscore."""
        return {key: np.asarray(value) for key, value in vars(self).items() if storage.is_state(key)}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        """Take back what `_state` gave."""
        for key, value in state.items():
            setattr(self, key, value[()])
