"""Loop integrals after sector decomposition: each sector an integral over the unit cube, and their sum.

A file of sectors is what ``python -m references.from_loop`` writes: JSON, diffable, formulas as text that is parsed and
never executed. Its sectors have the fields of `sector.py`, of which `factor` and `prescription` are there where they
say something: ``"prescription": "F"`` where F changes sign and stands for F − i0, and a factor in the one integrand of
a face-free form, which is the whole integral and bears the file's name.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from methods.base import InputError, ParametricIntegral
from references.sectors.loop_input import LoopInput
from references.sectors.sector import Sector

SCHEMA = 1


def names(content: dict[str, Any]) -> list[str]:
    """Return the names of what a file holds: its sectors, and last their sum, or the face-free integral alone."""
    if content["sectors"][0].factor is not None:
        return [content["name"]]
    width = len(str(len(content["sectors"])))
    sectors = [f"{content['name']}_s{i:0{width}d}" for i in range(1, len(content["sectors"]) + 1)]
    return [*sectors, f"{content['name']}_sum"]


def read(path: Path) -> dict[str, Any]:
    """Read a file of sectors; InputError where it is not one."""
    try:
        return _content(path, path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        sentence = f"There is no file {path}; give one that python -m references.from_loop wrote."
        raise InputError(sentence) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _refusal(path, f"{type(error).__name__} {error}") from error


@functools.lru_cache(maxsize=64)
def _content(path: Path, text: str) -> dict[str, Any]:
    """Make sectors of the text of a file, once for each text."""
    try:
        content = json.loads(text)
        if content["schema"] == SCHEMA:
            content["sectors"] = [Sector(**sector) for sector in content["sectors"]]
            names(content)
            return content
        problem = f"its schema is {content['schema']!r}, not {SCHEMA}"
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        problem = f"{type(error).__name__} {error}"
    raise _refusal(path, problem)


def _refusal(path: Path, problem: str) -> InputError:
    return InputError(f"{path} is no file of sectors ({problem}); make one by python -m references.from_loop.")


def integral(path: Path, name: str = "") -> ParametricIntegral:
    """Return the integral `name` of a file of sectors; without a name, the sum of all.

    Raises
    ------
    InputError
        Where there is no such file, or no such integral in it.
    """
    return _integral_by_name(path, read(path), name)


def integrals(path: Path, text: str) -> dict[str, ParametricIntegral]:
    """Return all integrals in the text of a file of sectors, by name; `path`, where it may be written, is for errors.

    Raises
    ------
    InputError
        Where one of them cannot be made.
    """
    content = _content(path, text)
    return {name: _integral_by_name(path, content, name) for name in names(content)}


def _integral_by_name(path: Path, content: dict[str, Any], name: str) -> ParametricIntegral:
    known = names(content)
    name = name or known[-1]
    if name not in known:
        raise InputError(f"{path} holds no integral {name!r}; it has {', '.join(known)}.")
    sectors = content["sectors"]
    chosen = sectors if name == known[-1] else [sectors[known.index(name)]._replace(multiplicity=1)]
    try:
        return _sum_of_sectors(content, name, chosen)
    except InputError:
        raise
    except (ValueError, LookupError, TypeError) as error:
        raise _refusal(path, f"{type(error).__name__} {error}") from error


def _sum_of_sectors(content: dict[str, Any], name: str, sectors: list[Sector]) -> ParametricIntegral:
    variables = [f"x{i + 1}" for i in range(len(sectors[0].powers))]
    definitions: dict[str, str] = {}
    terms = []
    for i, sector in enumerate(sectors, start=1):
        label = str(i) if len(sectors) > 1 else ""
        factors = [str(content["prefactor"] * sector.multiplicity)]
        factors += [f"({sector.factor})"] if sector.factor else []
        factors += [f"{x}**{power}" for x, power in zip(variables, sector.powers, strict=True) if power]
        if sector.U_power and sector.U != "1":
            definitions[f"U{label}"] = sector.U
            factors.append(f"U{label}**({sector.U_power})")
        definitions[f"F{label}"] = sector.F
        terms.append("*".join([*factors, f"F{label}**({sector.F_power})"]))
    return ParametricIntegral.from_expression(
        name=name, expression=" + ".join(terms), definitions=definitions, variables=variables,
        parameters=content["parameters"], low=content["low"], high=content["high"], draw=content["draw"],
        source=content["source"], prescription=next((s.prescription for s in sectors if s.prescription), None),
    )  # fmt: skip


def _stated(sector: Sector) -> dict[str, Any]:
    return {key: value for key, value in sector._asdict().items() if value is not None}


def text_of(loop: LoopInput, prefactor: int, sectors: list[Sector], made_by: str) -> str:
    """Return the text of a file with the sectors of `loop`."""
    content = {
        "schema": SCHEMA, "name": loop.name, "source": loop.source, "made_by": made_by, "input_hash": loop.digest(),
        "parameters": loop.parameters, "low": loop.low, "high": loop.high, "draw": loop.draw,
        "prefactor": prefactor, "sectors": [_stated(sector) for sector in sectors],
    }  # fmt: skip
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
