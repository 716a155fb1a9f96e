"""List the catalogue: ``python -m references``."""

from __future__ import annotations

import references
from methods.base import ParametricIntegral
from references.integrals import catalogue
from references.values import truth_files


def rows() -> list[dict[str, str]]:
    """Return one row per registered integral, text in every cell."""
    return [_row(references.integral(name), entry) for name, entry in catalogue.ENTRIES.items()]


def _row(integral: ParametricIntegral, entry: catalogue.Entry) -> dict[str, str]:
    try:
        header = truth_files.read(truth_files.folder() / f"{integral.name}.csv", integral).header
    except truth_files.TruthError:
        header = {}
    checks = header.get("opinions", {})
    return {
        "integral": integral.name,
        "k": str(integral.k),
        "m": str(integral.m),
        "box": _box(integral),
        "difficulty": f"{entry.difficulty}: {entry.why}",
        "positive": entry.positive,
        "points": f"{header['plan']['n']} + {header['plan']['edge_points']}" if header else "none, or stale",
        "relative error": f"{header['largest_relative_error']:.0e}" if header else "",
        "second opinions, and largest relative difference": "; ".join(
            f"{name} at {said['points']}, {said['largest_relative_difference']:.0e}" for name, said in checks.items()
        ),
        "source": integral.source,
    }


def _box(integral: ParametricIntegral) -> str:
    """Write the box, each range once."""
    ranges: dict[tuple[float, float], list[str]] = {}
    for name, low, high in zip(integral.parameters, integral.low, integral.high, strict=True):
        ranges.setdefault((low, high), []).append(name)
    text = ", ".join(f"{' '.join(names)} in [{low:g}, {high:g}]" for (low, high), names in ranges.items())
    return text if integral.draw == "uniform" else f"{text}, {integral.draw}"


def main() -> None:
    """Print the catalogue as a Markdown table."""
    import pandas

    print(pandas.DataFrame(rows()).to_markdown(index=False, disable_numparse=True))


if __name__ == "__main__":
    main()
