"""The contract of a method: its estimate, the class to inherit, and Protocols of what it may offer beyond that.

A parametric integral is I(s) = ∫_[0,1]^k f(s, x) dx (`ParametricIntegral`). A method prepares itself once for such an
integral (`fit`) and then returns I(s) for any number of phase-space points (`integrate`). To add a method, subclass
`Method` as a keyword-only dataclass, write these two functions, and hand it to the harness:

    python -m benchmarks.conformance my_file:MyMethod
    python -m benchmarks.accuracy --integral box1l --method my_file:MyMethod,field=value

What else a method can do is a Protocol below, asked for by ``isinstance``. docs/method.md tells it all by an example.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np

from methods.core import failed_fits, saved_header, storage
from methods.core.errors import InputError
from methods.core.integral import ParametricIntegral

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "Diagnosable", "Estimate", "Exportable", "GivesLabelGradients", "HasGradient", "HasReplicas", "InputError",
    "LearnsFromLabels", "Method", "ParametricIntegral", "ReportsDetails", "ReportsSetup", "SamplesX", "TrainsInUpdates",
]  # fmt: skip


class Estimate(NamedTuple):
    """Values of I(s) at n phase-space points with their errors, as a method states them."""

    value: np.ndarray  # (n,) float64 (complex128 where the integral is complex), on the host
    error: np.ndarray  # (n,) one standard deviation, in the units of `value`; nan = the method claims none
    n_eval: int  # integrand evaluations spent in this call (0 for a surrogate)


class Method(ABC):
    """A way to compute I(s): subclasses are keyword-only dataclasses, whose fields are the hyperparameters.

    As in scikit-learn there is no work in ``__init__``, fitted state ends in an underscore, `fit` returns self and
    changes no field. Three fields are set by the harness where a method has them and the command line does not: `seed`
    (int; results are deterministic given it), `device` (str, as torch names it) and `workers` (int, CPU threads).
    """

    name: ClassVar[str]
    """Record key and command line: at most 60 letters, digits, dots, dashes and underscores."""
    source: ClassVar[str]  # paper and equation
    version: ClassVar[int] = 1  # raised when its results change
    treats_complex: ClassVar[bool] = False  # whether it treats integrals with a prescription
    _few: Any = None  # `methods.core.few_points.FewPoints` after fit or load, for methods that have it
    measured_: dict[str, Any] | None = None  # digits at points whose values are known, and by what
    precision = "float64"  # in which it evaluates; a method that offers a choice has a field of this name instead
    integral_: ParametricIntegral = failed_fits.NO_INTEGRAL  # that of the last fit; without one it raises InputError

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        failed_fits.wrap_fit(cls)  # so that no fit leaves anything of an earlier one, also where it raises

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Say why this method cannot treat `integral`, in a sentence; None where it can."""
        if self.treats_complex or not integral.is_complex:
            return None
        return f"I(s) is complex ({integral.prescription} - i0), and {self.name} treats real integrals only"

    def _require_supported(self, integral: ParametricIntegral) -> None:
        """Raise InputError where `unsupported` gives a reason."""
        if reason := self.unsupported(integral):
            raise InputError(f"{self.name} cannot treat {integral.name}: {reason.removesuffix('.')}.")

    @abstractmethod
    def fit(
        self, integral: ParametricIntegral, *, budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:  # fmt: skip
        """Train, compile or tabulate in at most `budget` seconds, labels included; set ``self.integral_``.

        `monitor` is called now and then with this method in a state that can integrate; that time does not count.
        A fit that raises or is interrupted is lost, and so is the one before it: `integrate` raises InputError then.
        """

    @abstractmethod
    def integrate(self, s: np.ndarray) -> Estimate:
        """Compute I(s) for s (n, m), any n >= 0, in bounded memory. Raises InputError for s outside the box."""

    def save(self, path: Any) -> None:
        """Write the fitted method to `path`, without pickle, with the formula of its integral where it has one."""
        storage.write(path, saved_header.header_of(self), self._state())

    @classmethod
    def load(cls, path: Any, integral: ParametricIntegral | None = None) -> Self:
        """Read what `save` wrote, by default for its own formula; StorageError where it does not fit or is corrupt."""
        header, state = storage.read(path)
        integral = integral or saved_header.integral_of(path, header)
        saved_header.require_match(path, header, cls, integral)
        return storage.rebuild(path, cls, header, integral, state)

    def params(self) -> dict[str, Any]:
        """List the hyperparameters by name."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]

    def _state(self) -> dict[str, np.ndarray]:
        """Give the fitted state as arrays; by default every attribute that ends in one underscore."""
        return {key: np.asarray(value) for key, value in vars(self).items() if storage.is_state(key)}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        """Take back what `_state` gave."""
        vars(self).update((key, value[()]) for key, value in state.items())


@runtime_checkable
class TrainsInUpdates(Protocol):
    """It trains step by step, and a fit cut short by its budget is repeated by its number of updates."""

    n_updates_: int


@runtime_checkable
class ReportsSetup(Protocol):
    """It says where the seconds of its preparation went, such as {"generate": 1.2, "compile": 80.0}."""

    setup_s_: dict[str, float]


@runtime_checkable
class ReportsDetails(Protocol):
    """It says what `fit` chose, as JSON values by fields; "cut_short", where present, tells what the budget ended."""

    details_: dict[str, Any]


@runtime_checkable
class Diagnosable(Protocol):
    """It says how its training stands, during `fit` and after it."""

    def diagnose(self) -> dict[str, Any]:
        """Give figures as JSON values; {} where there is no training to look at, as after `load`."""


@runtime_checkable
class LearnsFromLabels(Protocol):
    """It learns from values of I(s), which a direct method computes inside `fit`; it provides none itself."""

    labels: str | None
    """The direct method with its fields, such as "gauss_legendre,order=8"; None where it learns without labels."""


@runtime_checkable
class GivesLabelGradients(Protocol):
    """It is a direct method that also knows the derivatives of its values, for methods that learn from both."""

    def integrate_with_gradient(self, s: np.ndarray) -> tuple[Estimate, np.ndarray]:
        """Compute what `integrate` does, and ∂I/∂s (n, m), at s (n, m)."""


@runtime_checkable
class HasGradient(Protocol):
    """It gives ∂I/∂s of what it learnt."""

    def gradient(self, s: np.ndarray) -> np.ndarray:
        """Compute ∂I/∂s (n, m) at s (n, m)."""


@runtime_checkable
class HasReplicas(Protocol):
    """It is an ensemble: its value is the mean of its replicas, and their spread is a part of its error."""

    def replica_values(self, s: np.ndarray) -> np.ndarray:
        """Compute I(s) as each replica has it, s (n, m) -> (n_replicas, n)."""


@runtime_checkable
class Exportable(Protocol):
    """Its value is arithmetic of s, which `methods.export` can write for other programs."""

    def export_form(self) -> Any:
        """Give the steps, `methods.core.arithmetic.Arithmetic`, or `methods.deep.corner_networks.CornerNetworks`."""


@runtime_checkable
class SamplesX(Protocol):
    """It knows the density f(s, x)/I(s), so that `methods.primitives.distribution` can draw x from it."""

    integral_: ParametricIntegral
    device: str

    def partial(self, s: Tensor, t: Tensor, given: Collection[int], i: int, points: Tensor) -> Tensor:
        """Compute a constant times p(t_given), at s (1, m), as t_i takes each of `points` (q,), for t (n, k): (n, q).

        Where i is not among `given`, it is the probability of t_i up to each point. Replicas are averaged.
        """

    def place(self, s: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Compute x (n, k) and ∂x_i/∂t_i (n, k) at s (1, m) and t (n, k)."""
