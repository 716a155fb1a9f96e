"""The experiments that `benchmarks.results` runs again, one step after the other, and what it leaves out.

A step is a preset of `benchmarks.accuracy`, or a command of its own, with the folder or file below reports/published
that its results go to. Together they are to take six hours on two cores, and each at most 75 minutes: curves have all
methods and three seeds where integrals are headlines, and one seed of the methods near the front elsewhere.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.experiments import devices
from benchmarks.experiments.experiment import Preset
from benchmarks.running.jobs import Job

STEP_MINUTES, ALL_MINUTES = 75, 360
"""Minutes on two cores that a step, and all together, may take."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One command, whose results are published together.

    Parameters
    ----------
    published : str
        The folder or file below reports/published.
    preset : str, optional
        The preset that it runs; None for a command of its own.
    budget_s : float, optional
        Seconds of preparation, where not those of the preset.
    diagnostics : bool
        Whether training is followed.
    command : tuple of str
        Module and options of a command of its own, without `--out` and `--jobs`.
    has_jobs : bool
        Whether a command of its own takes `--jobs`; presets do.
    minutes : float
        What that takes where nothing is finished.
    is_finished : callable, optional
        Tells of a folder of a command of its own whether nothing is left to do; None where what it holds cannot tell.
    """

    published: str
    preset: str | None = None
    budget_s: float | None = None
    diagnostics: bool = False
    command: tuple[str, ...] = ()
    has_jobs: bool = False
    minutes: float = 0.0
    is_finished: Callable[[Path], bool] | None = None

    def arguments(self, out: Path, jobs: int) -> list[str]:
        """Return the command line whose results go below `out`, with `jobs` fits at a time."""
        target, fits = out / self.published, ["--jobs", str(jobs)]
        if self.preset is None:
            # A command that writes one file is given its folder.
            options = [*(fits if self.has_jobs else []), "--out", str(target.parent if target.suffix else target)]
            return [sys.executable, "-m", *self.command, *options]
        options = ["--preset", self.preset, *fits, "--out", str(target)]
        options += [] if self.budget_s is None else ["--budget", f"{self.budget_s:g}"]
        options += ["--diagnostics"] if self.diagnostics else []
        return [sys.executable, "-m", "benchmarks.accuracy", *options]

    def work(self, preset: Preset) -> Mapping[str, list[Job]]:
        """Return {integral: jobs} of the step's preset."""
        changes = {} if self.budget_s is None else {"budget_s": self.budget_s}
        return {name: [job._replace(**changes) for job in preset.jobs(name)] for name in preset.budgets}


STEPS = {
    "curves": Step(preset="curves", published="curves"),
    "held_out": Step(preset="held_out", published="curves"),
    "pysecdec": Step(preset="pysecdec", published="curves"),
    "pysecdec_held_out": Step(preset="pysecdec_held_out", published="curves"),
    "physical": Step(preset="physical", published="physical"),
    "physical_held_out": Step(preset="physical_held_out", published="physical"),
    "two_loops": Step(preset="two_loops", published="physical"),
    "two_loops_held_out": Step(preset="two_loops_held_out", published="physical"),
    "every": Step(preset="every", published="comparison"),
    "surrogates": Step(preset="surrogates", published="surrogates"),
    "surrogate_points": Step(preset="surrogate_points", published="surrogates"),
    "bayesian": Step(preset="bayesian", published="bayesian"),
    "ablations": Step(preset="ablations", published="ablations"),
    "paper_short": Step(preset="paper_short", published="recipes", budget_s=180.0, diagnostics=True),
    "replicas": Step(preset="replicas", published="replicas"),
    "hardware": Step(
        command=("benchmarks.hardware",),
        has_jobs=True,
        published="hardware",
        minutes=15,
        is_finished=devices.is_finished,
    ),
}
"""Steps by name, in the order in which they are run: what the README rests on comes first."""

ON_REQUEST = {
    "paper_cpu": Step(preset="paper_cpu", published="replicas", diagnostics=True),
    "catalogue": Step(preset="catalogue", published="comparison"),
    "mixed_speed": Step(
        command=("benchmarks.mixed_speed", "--rounds", "3", "--busy", "0,1"), published="mixed_speed.json", minutes=20
    ),
}
"""Steps that are run where they are named only."""

LEFT_OUT = {
    "paper_cpu": "trains the thesis's networks at full length, for longer than a step may take",
    "catalogue": "two methods that are not near the front, on every integral that the curves leave out, too",
    "mixed_speed": "the derivative engine alone; its file names the commit that it was measured at",
    "smoke": "part of every",
    "quick": "part of every",
    "cuba": "pysecdec has Cuba's curves, where the pilot measured them",
    "full": "a day or two",
    "paper": "weeks, on a GPU",
    "gpu": "needs a GPU: python -m benchmarks.gpu",
}
"""Presets and commands that are not run unless they are named, and why."""
