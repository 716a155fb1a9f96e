"""Drawn charts, in the sections of a page: a section shows one integral on one machine."""

from __future__ import annotations

import dataclasses
import re

from benchmarks.figures import drawing


@dataclasses.dataclass
class Figure:
    """A drawn chart, by the name of its files, with its caption."""

    name: str
    caption: str
    svg: str
    png: bytes


@dataclasses.dataclass
class Section:
    """Charts that stand together, of one integral on one machine."""

    title: str
    integral: str
    machine: str
    note: str
    figures: list[Figure]


def drawn(prefix: str, chart: drawing.Chart) -> Figure:
    """Draw the chart; the prefix tells its files from those of other sections."""
    name = re.sub(r"[^\w.-]", "_", f"{prefix}.{chart.name}")  # it is a file's, and records are anybody's
    return Figure(name, chart.caption, *drawing.svg_and_png(chart))
