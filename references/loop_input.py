"""A loop integral as its user writes it: a small TOML file with a graph, or propagators, and a kinematic box.

    name = "triangle"
    lines = [["m", 1, 2], ["m", 2, 3], ["m", 3, 1]]      # a mass and the two vertices that a propagator joins
    legs = [["p1", 1], ["p2", 2], ["p3", 3]]             # an incoming momentum and its vertex

    [rules]                                              # scalar products and masses in terms of the box's parameters
    "p1*p1" = "0"
    "p2*p2" = "0"
    "p3*p3" = "s"
    "p1*p2" = "s/2"
    "p1*p3" = "-s/2"
    "p2*p3" = "-s/2"
    "m**2" = "1"

    [box]
    s = [-30, -3]

In place of `lines` and `legs` there may be `propagators` (as ``"(k + p1)**2 - m**2"``), `loop_momenta` and
`external_momenta`. `dimension` (default 4), `draw` and `source` may be given. Formulas are parsed, never executed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sympy

from methods import box
from methods.base import InputError
from methods.expression import parse

_GRAPH, _MOMENTA = {"lines", "legs"}, {"propagators", "loop_momenta", "external_momenta"}
_REQUIRED, _OPTIONAL = {"name", "rules", "box"}, {"dimension", "draw", "source"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class LoopInput:
    """A loop integral: what `references.decompose` needs to know of it."""

    name: str
    rules: dict[str, str]
    """Scalar products and squared masses, as formulas in the parameters."""
    parameters: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    lines: tuple[tuple[str, int, int], ...] = ()
    """Mass (a name, or "0") and the two vertices of every propagator; empty where `propagators` are given."""
    legs: tuple[tuple[str, int], ...] = ()
    """Incoming momentum and vertex."""
    propagators: tuple[str, ...] = ()
    loop_momenta: tuple[str, ...] = ()
    external_momenta: tuple[str, ...] = ()
    dimension: int = 4
    """Of space-time, at ε = 0: even."""
    draw: str = "uniform"
    source: str = ""

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise InputError(f"The name {self.name!r} is no identifier; use letters, digits and underscores.")
        if problem := box.problem(self.parameters, self.low, self.high, self.draw):
            raise InputError(f"The box of {self.name}: {problem}")
        if self.dimension < 2 or self.dimension % 2:
            raise InputError(f"{self.name} has dimension = {self.dimension}; give an even one, such as 4.")
        symbols = self.symbols()
        for formula in [*self.rules, *self.rules.values(), *self.propagators]:
            parse(formula, symbols)

    def symbols(self) -> dict[str, sympy.Symbol]:
        """Return every name that formulas may use, each as a symbol whose own name means nothing to pySecDec."""
        momenta = [*(name for name, _ in self.legs), *self.loop_momenta, *self.external_momenta]
        masses = [mass for mass, *_ in self.lines if mass != "0"]
        # Masses of propagators given as formulas have no list of their own: they are the left sides of rules.
        left = [name for rule in self.rules for name in _names(rule)]
        names = list(dict.fromkeys([*self.parameters, *momenta, *masses, *left]))
        return {name: sympy.Symbol(f"lm{i}") for i, name in enumerate(names)}

    def digest(self) -> str:
        """Return a hash of everything that was given."""
        return hashlib.sha256(repr(dataclasses.astuple(self)).encode()).hexdigest()[:16]


def read(path: Path) -> LoopInput:
    """Read a TOML file as described above.

    Raises
    ------
    InputError
        Where the file cannot be read, a key is missing or unknown, or an entry is not what it should be.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise InputError(f"{path} cannot be read as TOML: {problem}.") from problem
    given = set(content)
    form = _GRAPH if _GRAPH & given else _MOMENTA
    if missing := (_REQUIRED | form) - given:
        raise InputError(f"{path} lacks {', '.join(sorted(missing))}; see python -m references.from_loop --help.")
    if unknown := given - _REQUIRED - _OPTIONAL - form:
        raise InputError(
            f"{path} has {', '.join(sorted(unknown))}, which is not known; besides {', '.join(sorted(form))} there are "
            f"{', '.join(sorted(_REQUIRED | _OPTIONAL))}."
        )
    try:
        return _checked(content)
    except (TypeError, ValueError, AttributeError) as problem:
        if isinstance(problem, InputError):
            raise
        raise InputError(f"{path} is not as it should be ({problem}); compare with the example in --help.") from problem


def _checked(content: Mapping[str, Any]) -> LoopInput:
    ranges = {name: (float(low), float(high)) for name, (low, high) in content["box"].items()}
    strings = {key: tuple(map(str, content[key])) for key in _MOMENTA if key in content}
    return LoopInput(
        name=str(content["name"]),
        rules={str(left): str(right) for left, right in content["rules"].items()},
        parameters=tuple(ranges),
        low=tuple(low for low, _ in ranges.values()),
        high=tuple(high for _, high in ranges.values()),
        lines=tuple((str(mass), int(a), int(b)) for mass, a, b in content.get("lines", ())),
        legs=tuple((str(momentum), int(vertex)) for momentum, vertex in content.get("legs", ())),
        dimension=int(content.get("dimension", 4)),
        draw=str(content.get("draw", "uniform")),
        source=str(content.get("source", "")),
        **strings,
    )


def _names(formula: str) -> list[str]:
    """Return the names in a formula such as ``p1*p2`` or ``m**2``."""
    return [part.strip() for part in formula.replace("**2", "").split("*")]
