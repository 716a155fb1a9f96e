"""The first stage of a run: the seconds in which libraries were made are a part of what preparation costs."""

from __future__ import annotations

import contextvars
from dataclasses import dataclass
from typing import ClassVar

import pytest
from broken_methods import Exact

import references
from benchmarks.running.run import first_stage
from benchmarks.running.task import Task
from methods.core import build_cache
from methods.core.build_cache import Build

SECONDS = {"generate": 400.0, "compile": 600.0}
"""Seconds that a library is said to have taken; nothing that is timed here takes a tenth of them."""


@dataclass(kw_only=True)
class Compiles(Exact):
    """Opens a library, which it need not, in `fit`, `integrate` or `load`."""

    name: ClassVar[str] = "compiles"

    opened_in: str = "fit"
    from_cache: bool = False

    def fit(self, integral, *, budget=None, monitor=None):
        self.open_library("fit")
        return super().fit(integral)

    def integrate(self, s):
        self.open_library("integrate")
        return super().integrate(s)

    @classmethod
    def load(cls, path, integral=None):
        loaded = super().load(path, integral)
        loaded.open_library("load")
        return loaded

    def open_library(self, where):
        if where == self.opened_in:
            build_cache.note(Build("library", SECONDS, self.from_cache))


@pytest.mark.parametrize(
    ("opened_in", "from_cache", "added"),
    [
        ("fit", True, True),
        ("fit", False, False),  # its seconds are among those of the fit
        ("integrate", True, True),
        ("integrate", False, True),
        ("load", True, True),
        ("load", False, True),
        ("nothing", False, False),
    ],
)
def test_the_seconds_of_libraries_that_the_fit_did_not_spend_are_added_once(tmp_path, opened_in, from_cache, added):
    integral = "my_integrals:closed"
    truth, fields = references.truth_of(references.integral(integral), n=50), {"from_cache": from_cache}
    task = Task(
        integral, f"{__name__}:Compiles", {"opened_in": opened_in, **fields}, 2.0, truth, tmp_path / "raw",
        tmp_path / "model", (1,), 0.0,
    )  # fmt: skip
    result = contextvars.copy_context().run(next, first_stage(task))
    assert result["model_bytes"] > 0
    assert result["fit_s"] == pytest.approx(sum(SECONDS.values()) if added else 0.0, abs=100.0)
