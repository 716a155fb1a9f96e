"""Goes through the checks of the method contract in a process of its own, and tells what holds while it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import methods
import references
from benchmarks.running import stopwatch
from benchmarks.running.contract_checks import AFTER_FIT, BEFORE_FIT, OF_CLASS
from benchmarks.running.contract_subject import Broken, Subject
from methods.base import InputError, ParametricIntegral
from methods.core import names
from methods.core.method_spec import parse_spec

Message = dict[str, Any]
"""{"begins": sentence} before a check, {"holds": bool, "text": line} after it; {"skipped": line}; {"error": sentence}
for arguments that are wrong; {"ends": true} at last."""


def small_integral(k: int) -> ParametricIntegral:
    """Make an integral that every method can treat, with a closed form, for k = 1 or 2.

    ∫ dx/(s1 + s2 x)² = 1/(s1 (s1 + s2)) and ∫ dx dy/(s1 + s2 x + y)³ = (1/s1 − 1/(s1 + s2) − 1/(s1 + 1) +
    1/(s1 + s2 + 1))/(2 s2).
    """
    one_dimensional = {
        "definitions": {"F": "s1 + s2*x"}, "expression": "1/F**2", "variables": ("x",),
        "exact": lambda s: 1 / (s[:, 0] * (s[:, 0] + s[:, 1])),
    }  # fmt: skip
    two_dimensional = {
        "definitions": {"F": "s1 + s2*x + y"}, "expression": "1/F**3", "variables": ("x", "y"),
        "exact": lambda s: (
            (1 / s[:, 0] - 1 / (s[:, 0] + s[:, 1]) - 1 / (s[:, 0] + 1) + 1 / (s[:, 0] + s[:, 1] + 1)) / (2 * s[:, 1])
        ),
    }  # fmt: skip
    return ParametricIntegral.from_expression(
        name=f"closed_form_{k}d", parameters=("s1", "s2"), low=(1.0, 1.0), high=(2.0, 2.0), source="closed form",
        **(one_dimensional if k == 1 else two_dimensional),
    )  # fmt: skip


def messages(spec: str, integral: str | None, budget: float) -> Iterator[Message]:
    """Check the method `spec` on an integral, or on the two small ones, and yield what is found."""
    stopwatch.limit_threads(1)
    try:
        name, fields = parse_spec(spec)
        cls = names.attribute(methods.METHODS.get(name, name), lambda value: isinstance(value, type))
        if not isinstance(cls, type):
            raise InputError(f"{name!r} is a {type(cls).__name__}; give a class.")
        integrals = [references.integral(integral)] if integral else [small_integral(1), small_integral(2)]
    except InputError as problem:
        yield {"error": str(problem)}
        return

    def make() -> Any:
        return methods.create(name, **fields)

    for message in _each(OF_CLASS, Subject(cls, make, integrals[0]), ""):
        yield message
        if message.get("holds") is False:
            yield {"skipped": "the other checks, which need a class that is as it should be"}
            yield {"ends": True}
            return
    try:
        make()
    except InputError as problem:
        yield {"error": str(problem)}
        return
    for each in integrals:
        yield from _on_integral(Subject(cls, make, each, budget))
    yield {"ends": True}


def _on_integral(subject: Subject) -> Iterator[Message]:
    where = f" ({subject.integral.name})"
    yield from _each(BEFORE_FIT, subject, where)
    reason = subject.make().unsupported(subject.integral)
    if reason is not None:
        yield {"skipped": f"the other checks{where}, since unsupported says: {reason}"}
        return
    for message in _each(AFTER_FIT, subject, where):
        yield message
        if message.get("raised_in_fit"):
            yield {"skipped": f"the other checks{where}, which need a fitted method"}
            return


def _each(checks: list[tuple[str, Callable[[Subject], str | None]]], subject: Subject, where: str) -> Iterator[Message]:
    for sentence, check in checks:
        yield {"begins": f"{sentence}{where}"}
        try:
            remark = check(subject)
        except Exception as problem:
            told = str(problem) if isinstance(problem, Broken) else f"it raised {type(problem).__name__}: {problem}"
            is_in_fit = "fit" not in vars(subject) and checks is AFTER_FIT
            text = f"{sentence}{where}, since {told.rstrip('.')}."
            yield {"holds": False, "text": text, "raised_in_fit": is_in_fit}
        else:
            yield {"holds": True, "text": f"{sentence}{where}{f': {remark}' if remark else ''}."}
