"""The catalogue: every registered integral, what makes it hard, which sign its F has, and what it may be used for.

Equations are in the modules that make the integrals: `ngon`, `double_box`, `sector_files` (all sectors of whole loop
integrals), `bubble` and `genz`; `physical` and `two_loops_physical` above threshold. An integral is made when it is
asked for, and once.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from methods.base import ParametricIntegral
from methods.core import names
from references.integrals import genz
from references.sectors import positivity, sector_files
from references.sectors.sector import Sector

FOLDER = Path(str(importlib.resources.files("references") / "loops"))

GENZ_K = (3, 8)
"""The members of every Genz family whose values are stored; others are made on demand, as genz_gaussian_6d."""

GENZ = tuple(genz.FAMILIES)
"""The Genz families, smooth ones first."""

BY_FORM = positivity.BY_FORM

NOT_POSITIVE = positivity.CHANGES

DEVELOPMENT, HELD_OUT = "development", "held-out"
"""What an integral may be used for. On the first, defaults of methods may be tuned. Of the second, no default, map,
order or hyperparameter may be chosen by looking at values: they judge how a method does on what it was not made for."""


class Entry(NamedTuple):
    """An integral of the catalogue."""

    make: Callable[[], ParametricIntegral]
    difficulty: str
    """Class of the number of nodes for ten digits all over the box. "easy": up to 2·10⁴. "standard": up to 2·10⁵,
    and in more than four dimensions 10⁸. "hard": more, or no number does, or many integrands are in one."""
    why: str
    """Reason why it is as hard as it is."""
    positive: str
    """Argument that F, or whatever is in the denominator, is positive over the box; or that it is not."""
    use: str = DEVELOPMENT
    """`DEVELOPMENT` or `HELD_OUT`."""
    is_complex: bool = False
    """Whether a polynomial stands for F − i0, above or across a threshold."""


def _imported(module: str, function: str, *arguments: object) -> Callable[[], ParametricIntegral]:
    """Return a maker that imports its module when it is called."""
    return lambda: names.attribute(f"references.integrals.{module}:{function}", callable)(*arguments)


def sectors_of(file: str, difficulty: str, why: str, wanted: Callable[[str], bool]) -> dict[str, Entry]:
    """Return the entries of those integrals in a file of sectors whose names are wanted."""
    path = FOLDER / f"{file}.json"
    content = sector_files.read(path)
    names_in = sector_files.names(content)
    return {
        name: _entry(path, name, difficulty, why, content["sectors"] if name == names_in[-1] else [sector])
        for name, sector in zip(names_in, [*content["sectors"], None], strict=False)
        if wanted(name)
    }


def _entry(path: Path, name: str, difficulty: str, why: str, sectors: list[Sector]) -> Entry:
    """Return the entry of these sectors of a file."""
    return Entry(
        functools.partial(sector_files.integral, path, name), difficulty, why,
        positive="; ".join(sorted({sector.positive for sector in sectors})),
        is_complex=any(sector.prescription for sector in sectors),
    )  # fmt: skip


def _genz(family: str, k: int) -> Entry:
    why = "analytic" if family in GENZ[:4] else "not differentiable: rules for smooth functions fail"
    difficulty = "hard" if family in GENZ[4:] else "easy" if k <= 3 else "standard"
    return Entry(_imported("genz", family, k), difficulty, why, "has no F")


def _physical(name: str, difficulty: str, why: str, module: str = "physical") -> Entry:
    return Entry(_imported(module, name), difficulty, why, NOT_POSITIVE, is_complex=True)


def _two_loops(name: str, why: str) -> Entry:
    return _physical(name, "hard", why, "two_loops_physical")


_DEVELOPMENT: dict[str, Entry] = {
    "bubble": Entry(_imported("bubble", "bubble"), "easy", "one dimension", BY_FORM),
    "box1l": Entry(_imported("ngon", "box1l"), "easy", "the papers' one-loop integral", BY_FORM),
    "box1l_2d": Entry(_imported("ngon", "box1l_2d"), "easy", "two invariants", BY_FORM),
    "box1l_4d": Entry(_imported("ngon", "box1l_4d"), "easy", "four invariants", BY_FORM),
    "box1l_wide": Entry(_imported("ngon", "box1l_wide"), "hard", "kinematics over four decades", BY_FORM),
    "box1l_threshold": Entry(
        _imported("ngon", "box1l_threshold"), "standard", "F falls to 0.01 at s14 -> 4", "by completing the square"
    ),
    "pentagon1l_8d": Entry(_imported("ngon", "pentagon1l_8d"), "easy", "eight invariants", BY_FORM),
    "hexagon1l": Entry(_imported("ngon", "hexagon1l"), "standard", "k = 5, nine invariants", BY_FORM),
    "box2l": Entry(_imported("double_box", "box2l"), "standard", "the papers' two-loop integral, a sector", BY_FORM),
    **sectors_of("box1l", "easy", "a sector of the whole one-loop box", lambda name: not name.endswith("sum")),
    **sectors_of("box1l", "easy", "the whole one-loop box", lambda name: name.endswith("sum")),
    **sectors_of("box2l", "standard", "a sector of the whole two-loop box", lambda name: not name.endswith("sum")),
    **sectors_of("box2l", "hard", "the whole two-loop box: 18 integrands", lambda name: name.endswith("sum")),
    **sectors_of("pentabox", "hard", "k = 7: tensor rules end", lambda name: name == "pentabox_s01"),
    **{f"genz_{family}_{k}d": _genz(family, k) for family in GENZ for k in GENZ_K},
    "bubble_physical": _physical("bubble_physical", "easy", "above threshold in one dimension"),
    "triangle_physical": _physical("triangle_physical", "easy", "above threshold in two dimensions"),
    "box1l_physical": _physical("box1l_physical", "standard", "the one-loop box above threshold"),
    "box1l_hh": _physical("box1l_hh", "standard", "gg → HH above threshold"),
    "box1l_threshold_above": _physical("box1l_threshold_above", "hard", "β down to 0.05: contours are pinched"),
    "box1l_crossing": _physical("box1l_crossing", "hard", "a threshold inside the box of s"),
    "box1l_sectors_physical": _physical("box1l_sectors_physical", "hard", "four sectors with zeros of F at corners"),
    "box2l_physical": _two_loops("box2l_physical", "a sector of the planar two-loop box, in s between corner zeros"),
    "box2l_hh": _two_loops("box2l_hh", "a sector of gg → HH at two loops, in s between corner zeros"),
    "box2l_low": _two_loops("box2l_low", "two loops, with zeros of F at corners in the box"),
    "box2l_sum_physical": _two_loops("box2l_sum_physical", "18 sectors with zeros of F at corners"),
    "pentabox_s33_physical": _two_loops("pentabox_s33_physical", "k = 7 and five invariants above threshold"),
}

# Where a loop integral has more than ten sectors, the first stands for them: a choice that knows nothing of how hard
# each is. Boxes, masses and legs were chosen before any method saw these integrals.
_HELD_OUT: dict[str, Entry] = {
    "heptagon1l": Entry(_imported("ngon", "heptagon1l"), "standard", "k = 6, seven invariants", BY_FORM),
    **sectors_of("box1l_masses", "easy", "internal masses, five invariants", lambda name: name.endswith("sum")),
    **sectors_of("pentagon1l_masses", "standard", "seven invariants, 5 integrands", lambda name: name.endswith("sum")),
    **sectors_of("kite2l", "hard", "two decades, 8 integrands", lambda name: name.endswith("sum")),
    **sectors_of("triangle2l", "standard", "a sector of a two-loop triangle", lambda name: name == "triangle2l_s01"),
    **sectors_of("ladder2l", "standard", "a sector over two decades, k = 5", lambda name: name == "ladder2l_s01"),
    **sectors_of("crossed2l", "hard", "a non-planar triangle: 8 integrands", lambda name: name.endswith("sum")),
    **sectors_of("box2l_crossed", "standard", "a non-planar sector, k = 6", lambda name: name == "box2l_crossed_s01"),
    **sectors_of("triangle1l_physical", "standard", "a triangle with two scales above threshold", lambda _: True),
    **sectors_of("box1l_masses_physical", "standard", "a box of two masses above threshold", lambda _: True),
    **sectors_of("pentagon1l_physical", "hard", "a massive pentagon above threshold, k = 4", lambda _: True),
    **sectors_of("triangle2l_physical", "hard", "two loops far above a threshold", lambda name: name.endswith("_s01")),
    **sectors_of("box2l_rung_physical", "hard", "a massive rung above threshold", lambda name: name.endswith("_s01")),
    "genz_gaussian_4d": _genz("gaussian", 4),
    "genz_oscillatory_5d": _genz("oscillatory", 5),
    "genz_corner_peak_5d": _genz("corner_peak", 5),
    "genz_product_peak_6d": _genz("product_peak", 6),
}

ENTRIES: dict[str, Entry] = {
    **_DEVELOPMENT,
    **{name: entry._replace(use=HELD_OUT) for name, entry in _HELD_OUT.items()},
}


def find(name: str) -> Entry | None:
    """Return the entry `name`, registered or a member of a Genz family in any k; None where there is none."""
    if name in ENTRIES:
        return ENTRIES[name]
    if match := re.fullmatch(rf"genz_({'|'.join(GENZ)})_([1-9]\d?)d", name):
        return _genz(match[1], int(match[2]))
    return None


def is_held_out(name: str) -> bool:
    """Tell whether `name` is registered as held-out; what is not registered is not."""
    return name in ENTRIES and ENTRIES[name].use == HELD_OUT


def is_physical(name: str) -> bool:
    """Tell whether `name` is registered as above or across a threshold, where its values are complex."""
    return name in ENTRIES and ENTRIES[name].is_complex


@functools.cache
def integral(name: str) -> ParametricIntegral:
    """Return the integral `name`, which `find` knows; made once, since compiling its formulas takes time."""
    return find(name).make()  # type: ignore[union-attr]
