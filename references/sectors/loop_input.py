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
`external_momenta`. `dimension` (default 4), `draw` and `source` may be given. Propagators have power one; a mass is a
name in `lines` ("0" for none) and its square is what `rules` replace. Scalar products of the legs that F does not need
may be left out; where one is missing, the command names the momenta that F still holds. Formulas are parsed, never
executed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import keyword
import operator
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sympy

from methods.base import InputError
from methods.core import domain
from methods.core.expression import RESERVED, parse

_GRAPH, _MOMENTA = {"lines", "legs"}, {"propagators", "loop_momenta", "external_momenta"}
MOST_LINES = 12
"""Propagators, at most, and legs. A ring of 10 massive lines takes 16 s to decompose and of 12 lines 55 s, and tensor
rules end at 10 Feynman parameters."""

_REQUIRED, _OPTIONAL = {"name", "rules", "box"}, {"dimension", "draw", "source"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class LoopInput:
    """A loop integral: what `references.sectors.decompose` needs to know of it."""

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
    """Dimension of space-time at ε = 0, an even number."""
    draw: str = "uniform"
    source: str = ""

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise InputError(f"The name {self.name!r} is no identifier; use letters, digits and underscores.")
        if problem := domain.problem(self.parameters, self.low, self.high, self.draw):
            raise InputError(f"The box of {self.name}: {problem}")
        if self.dimension < 2 or self.dimension % 2:
            raise InputError(f"{self.name} has dimension = {self.dimension}; give an even one, such as 4.")
        if not (self.lines and self.legs) and not (self.propagators and self.loop_momenta):
            raise InputError(
                f"{self.name} lacks entries in one of its lists: give lines and legs, or propagators and loop_momenta; "
                "a graph needs at least one leg."
            )
        if misplaced := _OPTIONAL & set(self.rules):
            raise InputError(
                f"{self.name} has {', '.join(sorted(misplaced))} below [rules]; it belongs above, since all that "
                "follows [rules] is a rule."
            )
        self._check_size()
        self._check_names()
        symbols = self.symbols()
        for formula in [*self.rules, *self.rules.values(), *self.propagators]:
            parse(formula, symbols)
        self._check_rules()
        self._check_graph()

    def _check_size(self) -> None:
        momenta = max(len(self.legs), len(self.external_momenta))
        for what, number in (("propagators", max(len(self.lines), len(self.propagators))), ("legs", momenta)):
            if number > MOST_LINES:
                raise InputError(
                    f"{self.name} has {number} {what}, more than can be decomposed or integrated here; "
                    f"give at most {MOST_LINES}."
                )

    def _check_names(self) -> None:
        momenta = [*(name for name, _ in self.legs), *self.loop_momenta, *self.external_momenta]
        masses = {mass for mass, *_ in self.lines if mass != "0"}
        for name in {*self.parameters, *momenta, *masses}:
            taken = name in RESERVED or keyword.iskeyword(name) or re.fullmatch(r"(x|U|F)\d*|lm\d+", name)
            if taken or not name.isidentifier():
                raise InputError(
                    f"{self.name} has a parameter, momentum or mass {name!r}, which is no name or means something else "
                    "here; a mass is a name, whose square a rule may replace by a number. Rename it."
                )
        if twice := {name for name in momenta if momenta.count(name) > 1} | (
            set(self.parameters) & {*momenta, *masses}
        ):
            raise InputError(f"{self.name} uses {', '.join(sorted(twice))} for two things; rename one of them.")

    def _check_rules(self) -> None:
        """Raise InputError for rules of no mass or product, no polynomials, or two that differ for one product."""
        symbols = self.symbols()
        external = [symbols[name] for name in (*(name for name, _ in self.legs), *self.external_momenta)]
        used = {mass for mass, *_ in self.lines} | {name for text in self.propagators for name in _names(text)}
        others = {*self.parameters, *self.loop_momenta, *(str(name) for name, _ in self.legs), *self.external_momenta}
        masses = [symbols[name] for name in sorted(used - others) if name in symbols]
        known: dict[sympy.Expr, tuple[str, sympy.Expr]] = {}
        for left, right in self.rules.items():
            square = sympy.expand(parse(left, symbols))
            if square not in [*masses, *(mass**2 for mass in masses)] and not _is_product(square, external):
                raise InputError(
                    f"[rules] of {self.name} has {left!r}, which is no mass of its propagators, nor the square of one, "
                    "nor a product of external momenta; a rule replaces one of these."
                )
            value = parse(right, symbols)
            if not value.is_polynomial(*value.free_symbols) or value.is_finite is False:
                raise InputError(
                    f"The rule {left} = {right} of {self.name} is no polynomial in the parameters of its box; give a "
                    "polynomial, with a root or ratio as a parameter of its own."
                )
            before, other = known.setdefault(square, (right, value))
            if sympy.expand(other - value) != 0:
                raise InputError(f"The rules of {self.name} contradict: {left} is {before} and {right}; keep one.")

    def _check_graph(self) -> None:
        """Raise InputError where a leg hangs in the air, or the rules contradict momentum conservation."""
        vertices = {vertex for _, *ends in self.lines for vertex in ends}
        for momentum, vertex in self.legs:
            if vertex not in vertices:
                raise InputError(f"Leg {momentum} of {self.name} is at vertex {vertex}, where no line ends.")
        symbols = self.symbols()
        rules = {parse(left, symbols): parse(right, symbols) for left, right in self.rules.items()}
        names = [momentum for momentum, _ in self.legs]
        momenta = [symbols[name] for name in names]
        for name, momentum in zip(names, momenta, strict=True):
            total = sympy.expand(sympy.expand(momentum * sum(momenta)).subs(list(rules.items())))
            if not total.free_symbols & set(momenta) and sympy.simplify(total) != 0:
                back = {symbol: sympy.Symbol(given) for given, symbol in symbols.items()}
                raise InputError(
                    f"The rules of {self.name} break momentum conservation: {name}·({' + '.join(names)}) becomes "
                    f"{total.xreplace(back)}, not 0."
                )

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
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as problem:
        raise InputError(f"{path} cannot be read as TOML: {problem}.") from problem
    given = set(content)
    if (graph := _GRAPH & given) and (momenta := _MOMENTA & given):
        raise InputError(
            f"{path} has {', '.join(sorted(graph))} and {', '.join(sorted(momenta))}; give lines and legs, or "
            "propagators, loop_momenta and external_momenta."
        )
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
    ranges = {name: _pair(name, value) for name, value in content["box"].items()}
    strings = {key: tuple(map(str, content[key])) for key in _MOMENTA if key in content}
    return LoopInput(
        name=str(content["name"]),
        rules={str(left): str(right) for left, right in content["rules"].items()},
        parameters=tuple(ranges),
        low=tuple(low for low, _ in ranges.values()),
        high=tuple(high for _, high in ranges.values()),
        # operator.index, since int would take vertex 1.7 for 1.
        lines=tuple((str(mass), operator.index(a), operator.index(b)) for mass, a, b in content.get("lines", ())),
        legs=tuple((str(momentum), operator.index(vertex)) for momentum, vertex in content.get("legs", ())),
        dimension=operator.index(content.get("dimension", 4)),
        draw=str(content.get("draw", "uniform")),
        source=str(content.get("source", "")),
        **strings,
    )


def _pair(name: str, value: Any) -> tuple[float, float]:
    """Return the range of a parameter in [box]."""
    if not isinstance(value, list) or len(value) != 2:
        where = " It belongs above [rules]." if name in _OPTIONAL else ""
        raise InputError(f"[box] has {name} = {value!r}, which is no pair of numbers, [low, high].{where}")
    low, high = value
    return float(low), float(high)


def _is_product(formula: sympy.Expr, momenta: list[sympy.Symbol]) -> bool:
    """Tell whether all terms of an expanded formula are of second degree in the momenta."""
    if not formula.free_symbols or not formula.free_symbols <= set(momenta) or not formula.is_polynomial(*momenta):
        return False
    return all(sum(powers) == 2 for powers in sympy.Poly(formula, *momenta).monoms())


def _names(formula: str) -> list[str]:
    """Return the names in a formula such as ``p1*p2`` or ``m**2``."""
    return re.findall(r"[^\W\d]\w*", formula)
