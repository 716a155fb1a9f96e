"""The method contract as checks: one small function for each rule, with the sentence that ought to hold.

A check is given a `Subject`, a method on one integral, and raises `Broken` with the reason where its sentence does not
hold; it may return a remark. Whatever else is raised in it breaks the contract as well. The suite's own methods go
through the same checks in its tests, as anybody's do by ``python -m benchmarks.conformance``.
"""

from __future__ import annotations

import dataclasses
import inspect
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import methods
from benchmarks.running import estimate_check
from benchmarks.running.contract_subject import Broken, Subject, changes, global_state, require
from benchmarks.running.jobs import OVER_BUDGET
from benchmarks.running.protocol_checks import PROTOCOL_CHECKS
from methods.base import Exportable, InputError, Method, ParametricIntegral, ReportsDetails
from methods.core import storage
from methods.core.field_values import is_plain

REPEAT_FACTOR = 3
"""Budget of a fit that repeats another one's choices, over that one's: they end it, not the time."""


# ----- The class. -----------------------------------------------------------------------------------------------------


def inherits_method(subject: Subject) -> None:
    """Require a subclass of Method in which nothing abstract is left."""
    require(issubclass(subject.cls, Method), f"{subject.cls.__name__} does not inherit methods.base.Method")
    missing = ", ".join(sorted(getattr(subject.cls, "__abstractmethods__", ())))
    require(not inspect.isabstract(subject.cls), f"it does not define {missing}")


def is_keyword_only_dataclass(subject: Subject) -> None:
    """Require that every annotated name is a field, and keyword-only."""
    require(dataclasses.is_dataclass(subject.cls), "it is no dataclass; decorate it with @dataclass(kw_only=True)")
    parameters = inspect.signature(subject.cls).parameters.values()
    positional = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    require(not positional, f"{', '.join(positional)} can be given by position; decorate it with kw_only=True")
    known = {field.name for field in dataclasses.fields(subject.cls)}
    annotations = inspect.get_annotations(subject.cls).items()
    left_out = [name for name, kind in annotations if "ClassVar" not in str(kind) and name not in known]
    require(not left_out, f"{', '.join(left_out)} is annotated but no field; decorate it with @dataclass(kw_only=True)")


def has_plain_defaults(subject: Subject) -> None:
    """Require a default for every field, of a kind that a record can hold."""
    fields = [field for field in dataclasses.fields(subject.cls) if field.init]
    missing = [field.name for field in fields if field.default is field.default_factory is dataclasses.MISSING]
    require(not missing, f"{', '.join(missing)} has no default")
    strange = [name for name, value in subject.cls().params().items() if not is_plain(value)]
    require(
        not strange, f"the default of {', '.join(strange)} is not None, a truth value, a number, text, list or dict"
    )


def has_name_source_and_version(subject: Subject) -> None:
    """Require the class attributes that records and tables show."""
    name, source, version = (getattr(subject.cls, key, None) for key in ("name", "source", "version"))
    is_name = isinstance(name, str) and methods.NAME.fullmatch(name) is not None
    require(is_name, f"name is {name!r}; give 1 to 60 letters, digits, dots, dashes and underscores")
    require(isinstance(source, str) and bool(source.strip()), f"source is {source!r}; give paper and equation")
    require(type(version) is int and version > 0, f"version is {version!r}; give a positive whole number")


OF_CLASS: list[tuple[str, Callable[[Subject], str | None]]] = [
    ("the class inherits Method and defines fit and integrate", inherits_method),
    ("it is a keyword-only dataclass", is_keyword_only_dataclass),
    ("every field has a default that a record can hold", has_plain_defaults),
    ("it has a name, a source and a version", has_name_source_and_version),
]
"""Checks of the class; those after one that does not hold mean nothing."""


# ----- Before fit. ----------------------------------------------------------------------------------------------------


def has_no_state_before_fit(subject: Subject) -> None:
    """Require that only the fields are there after __init__."""
    before = global_state()
    method = subject.make()
    require(not (changed := changes(before, global_state())), f"__init__ changes {' and '.join(changed)}")
    extra = sorted(set(vars(method)) - set(method.params()))
    require(not extra, f"__init__ sets {', '.join(extra)}; set that in fit")


def says_what_is_unsupported(subject: Subject) -> None:
    """Require None or a text of more than a word."""
    reason = subject.make().unsupported(subject.integral)
    is_sentence = isinstance(reason, str) and " " in reason.strip()
    require(reason is None or is_sentence, f"unsupported returned {reason!r}; give None, or the reason in a sentence")


BEFORE_FIT: list[tuple[str, Callable[[Subject], str | None]]] = [
    ("nothing is fitted, and no work is done, before fit", has_no_state_before_fit),
    ("unsupported returns None or a sentence", says_what_is_unsupported),
]


# ----- The fitted method. ---------------------------------------------------------------------------------------------


def fit_returns_self(subject: Subject) -> None:
    """Require what ``method = Class().fit(integral)`` and `save` rely on."""
    method, returned = subject.fit[:2]
    require(returned is method, f"fit returned a {type(returned).__name__}; return self")
    kept = vars(method).get("integral_")
    is_kept = isinstance(kept, ParametricIntegral) and kept.fingerprint() == subject.integral.fingerprint()
    require(is_kept, "integral_ is not the integral that fit was given; set self.integral_ = integral")


def fit_changes_no_field(subject: Subject) -> None:
    """Require equal fields before and after: a record is named by those that were given."""
    before, after = subject.fit.params_before, subject.method.params()
    changed = [name for name in before if repr(after[name]) != repr(before[name])]
    require(not changed, f"fit changed {', '.join(changed)}; keep what it chooses in names that end in an underscore")


def keeps_its_budget(subject: Subject) -> str | None:
    """Compare the seconds that the fit used with those asked for."""
    if subject.budget is None:
        return None
    used = f"fit used {subject.fit.seconds:.2f} s of {subject.budget:g} s"
    require(
        subject.fit.seconds <= OVER_BUDGET * subject.budget, f"{used}; up to {OVER_BUDGET:g} times as much is allowed"
    )
    return used


def returns_estimates(subject: Subject) -> str | None:
    """Require arrays of the right shape and dtype; remark on the digits where there is a closed form."""
    s = subject.points(7)
    estimate = subject.method.integrate(s)
    _require_form(estimate, len(s))
    if subject.integral.exact is None:
        return None
    exact = subject.integral.exact(s)
    error = np.maximum(np.abs(estimate.value / exact - 1), np.finfo(float).eps)
    return f"{-np.log10(error).mean():.1f} digits in the mean"


def takes_no_points(subject: Subject) -> None:
    """Require values (0,), without any evaluation."""
    estimate = subject.method.integrate(np.empty((0, subject.integral.m)))
    _require_form(estimate, 0)
    require(estimate.n_eval == 0, f"n_eval is {estimate.n_eval} for no points")


def _require_form(estimate: Any, n: int) -> None:
    try:
        estimate_check.check_estimate(estimate, n)
    except estimate_check.Disqualified as problem:
        raise Broken(str(problem)) from problem
    value, error, _ = estimate
    require(value.dtype in (np.float64, np.complex128), f"value is of {value.dtype}; float64 or complex128 is due")
    require(error.dtype == np.float64, f"error is of {error.dtype}; float64 is due")


def treats_rows_alone(subject: Subject) -> None:
    """Require that integrate(s)[i] equals integrate(s[i : i + 1])."""
    whole = _values(subject, subject.method)
    single = np.concatenate([subject.method.integrate(row[None].copy()).value for row in subject.points(5)])
    difference = _largest_difference(single, whole)
    allowed = f"{subject.row_rtol:.0e} is allowed in {subject.method.precision}"
    require(difference <= subject.row_rtol, f"a row alone differs from the batch by {difference:.1e}; {allowed}")


def refuses_bad_points(subject: Subject) -> None:
    """Require InputError for other shapes, NaN, and points outside the box."""
    integral = subject.integral
    good, m = subject.points(3), integral.m
    outside, with_nan = good.copy(), good.copy()
    outside[1] = 2 * np.array(integral.high) - integral.low
    with_nan[2, m - 1] = np.nan
    bad = {
        f"s of shape (3, {m + 1})": np.ones((3, m + 1)), f"s of shape ({m},)": good[0],
        "a point outside the box": outside, "a point with NaN": with_nan,
    }  # fmt: skip
    for what, s in bad.items():
        try:
            subject.method.integrate(s)
        except InputError:
            continue
        except Exception as problem:
            raise Broken(f"{what} raises {type(problem).__name__}; begin with s = self.integral_.check(s)") from problem
        raise Broken(f"{what} is accepted; begin with s = self.integral_.check(s)")


def leaves_points_alone(subject: Subject) -> None:
    """Require that the caller's array is what it was."""
    s = subject.points(5)
    subject.method.integrate(s)
    require(np.array_equal(s, subject.points(5)), "integrate changed s; begin with s = self.integral_.check(s), a copy")


def leaves_global_state_alone(subject: Subject) -> None:
    """Require that neither fit nor integrate changes random states or the default dtype."""
    changed = subject.fit.changed
    require(not changed, f"fit changes {' and '.join(changed)}; use generators of your own")
    before = global_state()
    subject.method.integrate(subject.points(5))
    changed = changes(before, global_state())
    require(not changed, f"integrate changes {' and '.join(changed)}; use generators of your own")


def offers_what_protocols_say(subject: Subject) -> str:
    """Require that the members of each Protocol that it fulfils give what they should; name these Protocols."""
    fulfilled = [protocol for protocol in PROTOCOL_CHECKS if isinstance(subject.method, protocol)]
    for protocol in fulfilled:
        if problem := PROTOCOL_CHECKS[protocol](subject.method, subject.points(3)):
            article = "an" if protocol is Exportable else "a"
            raise Broken(f"as {article} {protocol.__name__}, {problem}")
    return ", ".join(protocol.__name__ for protocol in fulfilled) or "none"


def is_deterministic(subject: Subject) -> str | None:
    """Require equal values of two fits, or of one that repeats what the first reports to have chosen."""
    value = _values(subject, subject.method)
    again = _values(subject, subject.make().fit(subject.integral, budget=subject.budget))
    if np.array_equal(again, value):
        return None
    differ = f"two fits give values that differ by {_largest_difference(again, value):.1e}, relatively"
    choices = _reported_choices(subject.method)
    if not choices or subject.budget is None:
        raise Broken(f"{differ}; draw random numbers from a field seed")
    given = ", ".join(f"{name}={choice}" for name, choice in choices.items())
    method = type(subject.method)(**(subject.method.params() | choices))
    again = _values(subject, method.fit(subject.integral, budget=REPEAT_FACTOR * subject.budget))
    require(
        np.array_equal(again, value), f"{differ}, and {given} does not repeat the first; report all that fit chooses"
    )
    return f"a fit cut short by its budget is repeated by {given}"


def _reported_choices(method: Method) -> dict[str, int]:
    """Fields with the whole numbers that `fit` chose for them: for width in ``width_`` or ``details_["width"]``."""
    details = method.details_ if isinstance(method, ReportsDetails) else {}
    reported = {name: vars(method).get(f"{name}_", details.get(name)) for name in method.params()}
    return {name: choice for name, choice in reported.items() if type(choice) is int}


def survives_saving(subject: Subject) -> None:
    """Require that `load` gives back the fields and the values."""
    with tempfile.TemporaryDirectory() as folder:
        subject.method.save(Path(folder) / "model")
        loaded = type(subject.method).load(Path(folder) / "model", subject.integral)
        require(loaded.params() == subject.method.params(), "the loaded method has other fields")
        difference = _largest_difference(_values(subject, loaded), _values(subject, subject.method))
    require(difference == 0, f"the loaded method's values differ by {difference:.1e}, relatively; save what they need")


def refuses_files_of_others(subject: Subject) -> None:
    """Require that `load` raises StorageError for another integral's file, and a damaged one."""
    integral = subject.integral
    half = tuple((low + high) / 2 for low, high in zip(integral.low, integral.high, strict=True))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        subject.method.save(path)
        _require_refusal(subject, path, dataclasses.replace(integral, high=half), "a file of another integral")
        path.write_bytes(path.read_bytes()[:200])
        _require_refusal(subject, path, integral, "a damaged file")


def _require_refusal(subject: Subject, path: Path, integral: ParametricIntegral, what: str) -> None:
    try:
        type(subject.method).load(path, integral)
    except storage.StorageError:
        return
    raise Broken(f"load accepts {what}; raise methods.core.storage.StorageError")


def _values(subject: Subject, method: Method) -> np.ndarray:
    """I(s) at the same five points each time, whatever an earlier call did to its own."""
    return method.integrate(subject.points(5)).value


def _largest_difference(value: np.ndarray, reference: np.ndarray) -> float:
    """Largest |value − reference|/|reference|; infinite where shapes differ."""
    if value.shape != reference.shape:
        return np.inf
    scale = np.where(reference == 0, 1, np.abs(reference))
    return float(np.max(np.abs(value - reference) / scale, initial=0.0))


AFTER_FIT: list[tuple[str, Callable[[Subject], str | None]]] = [
    ("fit returns the method itself and sets integral_", fit_returns_self),
    ("fit changes no field", fit_changes_no_field),
    ("fit keeps its budget", keeps_its_budget),
    ("integrate returns an Estimate of arrays of the right shapes and dtypes", returns_estimates),
    ("integrate takes n = 0 points", takes_no_points),
    ("a row has the same value alone as in a batch", treats_rows_alone),
    ("integrate raises InputError for wrong shapes and points outside the box", refuses_bad_points),
    ("integrate leaves the points untouched", leaves_points_alone),
    ("global random states and the default dtype are untouched", leaves_global_state_alone),
    ("what it offers beyond fit and integrate has the form of its Protocols", offers_what_protocols_say),
    ("fits are deterministic given the fields", is_deterministic),
    ("save and load give the same values", survives_saving),
    ("load refuses files of another integral and damaged ones", refuses_files_of_others),
]
"""Checks of the fitted method; where the first raises, there is nothing to check by the others."""
