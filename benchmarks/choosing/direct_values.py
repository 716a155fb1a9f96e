"""Values of I(s) at a few points, by which methods are judged.

*Pilots* are judged by `gauss_legendre`, because it is quick; most tables learn from it and share its errors. The
*choice* is therefore checked at fresh points by a rule that had no part in it, as far as one gives values: the closed
form where there is one, a lattice, references' quadrature, or the first other rule that states a small enough error. A
rule is asked for a tenth of the relative error wanted, and taken if it states at most three tenths of it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

import methods
import references
from benchmarks.choosing import calls
from benchmarks.running import stopwatch
from methods.base import InputError
from methods.core.method_spec import parse_spec

EXACT, QUADRATURE = "closed form", "references' quadrature"

FINEST = 1e-13
"""Smallest relative error asked of a rule."""

LINE = 120
"""Characters of a line in which rules say why they give no values."""

MAX_EVAL = 4e9
"""Evaluations of each term by references' quadrature; its time limit comes first."""

ASKED, ACCEPTED = 0.1, 0.3
"""In units of the relative error wanted: what a rule is asked for, and the largest stated error with which it is taken.
Where no rule states so small an error, the one with the smallest is taken."""

GRACE_S = 30.0
"""Seconds for the values at the points, beyond the budget of a rule's preparation."""


SAME_CONTOURS = {"gauss_legendre", "lattice_qmc"}
"""Methods that take their contours from one search."""


class DirectValues(NamedTuple):
    """I(s) at n points, with the errors that a rule states."""

    truth: references.Truth
    rule: str
    """Name of the rule, or method as on the command line."""
    relative_error: float
    """Root mean square of the relative errors stated."""
    independent: bool = True
    """Whether the rule has no part in what it judges."""

    def judge(self) -> dict[str, Any]:
        """Return the rule, its relative error and whether it is independent, to be saved beside the digits."""
        return {"judge": self.rule, "judge_error": self.relative_error, "independent": self.independent}


def rules(epsrel: float) -> dict[str, str]:
    """List direct rules for a relative error, by the name of their method: what checks a choice, the first ones first.

    Methods are written as on the command line.
    """
    wanted = max(epsrel, FINEST)
    return {
        EXACT: EXACT,
        "lattice_qmc": f"lattice_qmc,points={2**16},shifts=16",
        QUADRATURE: QUADRATURE,
        "learned_contour": f"learned_contour,max_nodes=100000,epsrel={wanted:.2g}",
        "gauss_legendre": f"gauss_legendre,max_nodes=2000000,epsrel={wanted:.2g}",
    }


def rule_name(rule: str) -> str:
    """Return the name of a rule's method, or of the rule that is none, without fields."""
    return rule.partition(",")[0]


def judging(integral: str, s: np.ndarray, digits: float, budget_s: float) -> DirectValues:
    """Compute values at s (n, m) that judge pilots; InputError where no rule gives any."""
    wanted, reasons = 10**-digits, dict[str, str]()
    known = rules(ASKED * wanted)
    order = [known[name] for name in ("gauss_legendre", "lattice_qmc", QUADRATURE, "learned_contour")]
    found = _first_good(integral, s, order, ACCEPTED * wanted, budget_s, reasons)
    if found is None:
        raise InputError(_no_values(integral, reasons))
    return found


def checking(integral: str, s: np.ndarray, digits: float, parts: Collection[str], budget_s: float) -> DirectValues:
    """Compute values at s (n, m) that check a choice: by a rule that is none of its `parts`, where one gives any.

    Raises
    ------
    InputError
        Where no rule gives any.
    """
    wanted, reasons = 10**-digits, dict[str, str]()
    known = rules(ASKED * wanted)
    for independent in (True, False):
        order = [known[name] for name in known if (name not in parts) == independent]
        found = _first_good(integral, s, order, ACCEPTED * wanted, budget_s, reasons)
        if found is not None:
            return found._replace(independent=independent)
    raise InputError(_no_values(integral, reasons))


def _no_values(integral: str, reasons: Mapping[str, str]) -> str:
    """Say why no rule gives values, a line for each reason."""
    rules_of: dict[str, list[str]] = {}
    for rule, reason in reasons.items():
        rules_of.setdefault(re.sub(rf"\b{re.escape(rule_name(rule))}\b", "it", reason).rstrip("."), []).append(rule)
    lines = [f"{' and '.join(rules)}: {reason}." for reason, rules in rules_of.items()]
    return "\n".join([
        f"No direct rule gives values of {integral} to judge by:",
        *(textwrap.fill(line, LINE, initial_indent="  ", subsequent_indent="    ") for line in lines),
    ])  # fmt: skip


def parts_of(method: str, fields: Mapping[str, Any], *, is_complex: bool) -> set[str]:
    """List the methods that have a part in one: itself, and that which labels come from.

    Above threshold Gauss rules and lattices have the same contours: neither shows what is wrong with the other's.
    """
    labels = methods.create(method, **fields).params().get("labels")
    parts = {method} | ({parse_spec(labels)[0]} if labels else set())
    return parts | SAME_CONTOURS if is_complex and parts & SAME_CONTOURS else parts


def _first_good(
    integral: str, s: np.ndarray, order: list[str], epsrel: float, budget_s: float, reasons: dict[str, str]
) -> DirectValues | None:
    """Return the values of the first rule that states so small an error, or else of that which states the smallest.

    None where no rule gives any. Why a rule gives none is added to `reasons`.
    """
    found: list[DirectValues] = []
    for rule in order:
        outcome = calls.call(values, integral, rule, s, epsrel, budget_s, time_limit=budget_s + GRACE_S)
        if outcome.status != "ok" or isinstance(outcome.result, str):
            reasons[rule] = str(outcome.result or outcome.reason)
            continue
        value, error = outcome.result["value"], outcome.result["error"]
        relative = float(np.sqrt(np.mean((error / np.abs(value)) ** 2)))
        truth = references.Truth(s, value, error, np.ones(len(s), dtype=bool), rule)
        found.append(DirectValues(truth, rule, relative))
        if relative <= epsrel:
            break
    return min(found, key=lambda values: values.relative_error, default=None)


def values(spec: str, rule: str, s: np.ndarray, epsrel: float, budget_s: float) -> dict[str, np.ndarray] | str:
    """Compute {value, error}, (n,) each, at s (n, m), or say why not; runs in a process of its own."""
    stopwatch.limit_threads(1)
    integral = references.integral(spec)
    try:
        value, error = _RULES.get(rule, _by_method)(integral, rule, s, epsrel, budget_s)
    except InputError as problem:
        return str(problem)
    if not (np.isfinite(value).all() and np.isfinite(error).all() and (value != 0).all()):
        return "not all of its values and errors are finite and not zero"
    return {"value": value, "error": error}


def _exact(integral: Any, rule: str, s: np.ndarray, epsrel: float, budget_s: float) -> tuple[np.ndarray, np.ndarray]:
    from references.values import on_demand

    if integral.exact is None:
        raise InputError(f"{integral.name} has no closed form.")
    value, error, _ = on_demand.closed_form(integral, s)
    return value, error


def _by_quadrature(
    integral: Any, rule: str, s: np.ndarray, epsrel: float, budget_s: float
) -> tuple[np.ndarray, np.ndarray]:
    from references.values import sums

    if integral.is_complex:
        raise InputError("it stays on the real axis, which I(s) above threshold does not allow.")
    found = sums.converge(integral, s, epsrel=epsrel / 3, max_eval=MAX_EVAL)
    return found.value, found.error


def _by_method(
    integral: Any, rule: str, s: np.ndarray, epsrel: float, budget_s: float
) -> tuple[np.ndarray, np.ndarray]:
    name, fields = parse_spec(rule)
    method = methods.create(name, **fields)
    if reason := method.unsupported(integral):
        raise InputError(reason)
    value, error, _ = method.fit(integral, budget=budget_s).integrate(s)
    return value, error


_RULES: dict[str, Callable[..., tuple[np.ndarray, np.ndarray]]] = {EXACT: _exact, QUADRATURE: _by_quadrature}
