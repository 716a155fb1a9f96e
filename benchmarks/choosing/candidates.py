"""The methods that a choice asks, each with its knob for accuracy, where it begins and how far it may be turned.

How digits, time and preparation grow with the *size* that a knob sets (`Law`) is assumed where there is one pilot, and
measured from two pilots on. On the development integrals box1l_wide and hexagon1l the digits of a table with N labels
are proportional to N^(1/m) in m invariants, within a fifth, from 500 to 6,000 labels.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import methods
from benchmarks.choosing import direct_values
from methods.base import LearnsFromLabels
from methods.core.method_spec import spec_text

BUDGET = "budget"
"""The knob of methods that learn: seconds of preparation, which are no field."""


@dataclasses.dataclass(frozen=True)
class Law:
    """How digits and costs grow with the size N that a knob sets.

    Parameters
    ----------
    coordinate, size : callable
        (N, m) -> x, in which digits are linear, and its inverse, for m kinematic invariants.
    slope : float, optional
        Digits per unit of x where there is one pilot; None for a line through the origin.
    time, preparation : float
        Powers of N with which seconds per integral and preparation grow where there is one pilot.
    """

    coordinate: Callable[[float, int], float]
    size: Callable[[float, int], float]
    slope: float | None
    time: float
    preparation: float


def _log(size: float, m: int) -> float:
    return math.log10(size)


def _power(x: float, m: int) -> float:
    return float(10**x)


TOLERANCE = Law(_log, _power, slope=1.0, time=0.1, preparation=0.01)
"""The law where the knob is a relative error, and N its inverse: each decade of it gives a digit."""

LABELS = Law(lambda n, m: n ** (1 / m), lambda x, m: max(x, 0.0) ** m, slope=None, time=0.25, preparation=0.1)
"""The law of a number of labels N: polynomials of degree D have about D^m terms, and converge like exp(−c D)."""

LATTICE = Law(_log, _power, slope=2.0, time=1.0, preparation=0.1)
"""The law of a lattice of N points: a periodic integrand with two derivatives has errors like 1/N²."""

SAMPLES = Law(_log, _power, slope=1.0, time=1.0, preparation=0.1)
"""The law of N points drawn at random or by a scrambled net: errors fall like 1/N at best."""

SECONDS = Law(_log, _power, slope=1.0, time=0.0, preparation=1.0)
"""The law of N seconds of training: a digit for each factor of ten."""


@dataclasses.dataclass(frozen=True, eq=False)
class Candidate:
    """A method with its knob.

    Parameters
    ----------
    method : str
        Its name.
    knob : str
        The field that is turned, or `BUDGET`.
    first, most : float
        Setting of the first pilot, and the finest one.
    law : Law
        How digits and costs grow with it.
    fields : dict
        Further fields.
    coarsest : float, optional
        The coarsest setting; None for that of the first pilot.
    """

    method: str
    knob: str
    first: float
    most: float
    law: Law
    fields: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    coarsest: float | None = None

    @property
    def learns(self) -> bool:
        """Whether the knob is the budget."""
        return self.knob == BUDGET

    def spec(self, setting: float) -> str:
        """Write the method with its fields as on the command line."""
        return spec_text(self.method, self.fields_at(setting))

    def title(self, setting: float) -> str:
        """Name a fit: the method with its fields and, where it learns, the seconds of preparation."""
        return f"{self.spec(setting)} with a budget of {setting:g} s" if self.learns else self.spec(setting)

    def fields_at(self, setting: float) -> dict[str, Any]:
        """List the fields for a setting of the knob."""
        turned = {} if self.learns else {self.knob: setting if self._is_tolerance else round(setting)}
        return {**self.fields, **turned}

    def size_of(self, setting: float) -> float:
        """Return the size N that a setting means."""
        return 1 / setting if self._is_tolerance else setting

    def setting_of(self, size: float) -> float:
        """Return the setting for a size N, with two digits; of points of a lattice or a net the next power of two."""
        if self.knob == "points":
            return float(2 ** math.ceil(math.log2(size) - 1e-9))
        rounded = float(f"{1 / size if self._is_tolerance else size:.2g}")
        return rounded if self._is_tolerance or self.learns else float(round(rounded))

    @property
    def _is_tolerance(self) -> bool:
        return self.law is TOLERANCE


FINE = {"max_nodes": 2_000_000}
"""Rules may be as large as they can be: the relative error asked for decides."""

ONE_THREAD = {"workers": 1}

CANDIDATES = (
    Candidate("gauss_legendre", "epsrel", 1e-3, 1e-13, TOLERANCE, FINE, coarsest=0.1),
    Candidate("learned_contour", "epsrel", 1e-3, 1e-13, TOLERANCE, coarsest=0.1),
    Candidate("lattice_qmc", "points", 512, 2**18, LATTICE, coarsest=128),
    Candidate("total_degree", "max_labels", 150, 20_000, LABELS),
    Candidate("chebyshev", "max_labels", 150, 50_000, LABELS),
    Candidate("tensor_train", "epsrel", 1e-3, 1e-10, TOLERANCE),
    Candidate("rbf", "n_labels", 300, 4000, LABELS),
    Candidate("gaussian_process", "n_labels", 200, 2000, LABELS),
    Candidate("vegas_map", "points", 256, 2**18, LATTICE),
    Candidate("differential_mlp", BUDGET, 3, 600, SECONDS),
    Candidate("neural_primitive", BUDGET, 3, 600, SECONDS),
    Candidate("separable_primitive", BUDGET, 3, 600, SECONDS),
    Candidate("primitive_corrected", BUDGET, 3, 600, SECONDS),
    Candidate("dense_mlp", BUDGET, 3, 600, SECONDS),
    Candidate("skip_mlp", BUDGET, 3, 600, SECONDS),
    Candidate("deep_ensemble", BUDGET, 3, 600, SECONDS),
    Candidate("bayesian_mlp", BUDGET, 3, 600, SECONDS),
    Candidate("boosted_trees", BUDGET, 3, 600, SECONDS),
    Candidate("published_primitive", BUDGET, 3, 600, SECONDS),
    Candidate("scipy_qmc", "points", 1024, 2**20, SAMPLES),
    Candidate("vegas", "n_samples", 2000, 2_000_000, SAMPLES),
    Candidate("pysecdec_qmc", "epsrel", 1.0, 1e-10, TOLERANCE, ONE_THREAD),
    Candidate("pysecdec_qmc_pylink", "epsrel", 1.0, 1e-10, TOLERANCE, ONE_THREAD),
    Candidate("pysecdec_cuba", "epsrel", 1e-3, 1e-8, TOLERANCE, ONE_THREAD),
)
"""Every registered method, in the order in which the first pilots are made: quick ones first."""


def candidates(judge: str, digits: float) -> tuple[Candidate, ...]:
    """List the candidates for an integral, of which so many digits are wanted.

    Parameters
    ----------
    judge : str
        The direct rule that judges pilots. Where it is `learned_contour`, no contour of `gauss_legendre` serves, as at
        two loops above threshold, and labels come from `learned_contour`, too.
    digits : float
        Digits wanted.
    """
    if direct_values.rule_name(judge) != "learned_contour":
        return CANDIDATES
    labels = spec_text("learned_contour", {"epsrel": 10 ** -(digits + 1), **FINE})
    return tuple(_on_learned_contours(candidate, labels) for candidate in CANDIDATES)


def _on_learned_contours(candidate: Candidate, labels: str) -> Candidate:
    if candidate.method == "learned_contour":
        return dataclasses.replace(candidate, fields=FINE)
    if isinstance(methods.create(candidate.method), LearnsFromLabels):
        return dataclasses.replace(candidate, fields={**candidate.fields, "labels": labels})
    return candidate
