"""The papers' recipes for primitives, trained on the device one after the other: digits against updates.

First a few updates of each, which tell what the full length takes. Then one replica of each recipe is trained, in the
order of RECIPE_NAMES; what training has reached when the time is over lies in a checkpoint, from which a later session
with the same folder goes on. A curve that has not reached the printed number of updates is called partial, and one
whose training diverged failed: it is not trained again, and the recipes after it are. Recipes that the time does not
reach are left out, so that the measurement is not taken to be finished.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import references
from benchmarks.gpu_measurements.session import LEAST_S, Entry, Session, tried
from benchmarks.running import metrics
from methods.core import storage
from methods.core.budget import Clock
from methods.core.errors import InputError
from methods.papers.primitive_recipes import RECIPES

if TYPE_CHECKING:
    from methods.published_primitive import PublishedPrimitive

RECIPE_NAMES = (
    "jhep_tanh_i2", "thesis_gelu", "thesis_tanh", "thesis_gelu_deep", "thesis_sigmoid", "thesis_softsign",
    "jhep_tanh_i1",
)  # fmt: skip
"""In the order of what a minute of each tells: JHEP's I1 takes longest."""

CHECKPOINT = "training.checkpoint"

ESTIMATED_BY, LONGEST_ESTIMATE_S = 50, 5.0
"""Updates from which the time of all is estimated, and seconds that they may take, after kernels were compiled."""

ESTIMATES_SHARE = 1 / 3
"""Share of the session after which no further estimate is begun: most of it is the compiling of kernels."""

CURVE_FACTOR = 1.15
"""Ratio of successive numbers of updates on a learning curve."""

CHECKPOINT_EVERY_S = 30.0

RESERVE_S = 3.0
"""Seconds for the last figures and the checkpoint."""


def measure(session: Session) -> Iterator[Entry]:
    """Yield an entry per estimate, and one per recipe, which is left out where training does not reach it."""
    clock = session.clock()
    estimates = clock.share(ESTIMATES_SHARE)
    for name in RECIPE_NAMES:
        yield tried({"kind": "estimate", "recipe": name}, lambda n=name: _estimate(n, session.device), estimates)
    checkpoint = Checkpoint(session.out / CHECKPOINT, session.device)
    has_time = True
    for name in RECIPE_NAMES:
        has_time = has_time and clock.left >= RESERVE_S + LEAST_S
        if not has_time:  # in the order of their worth: a later recipe does not go before this one
            yield {"kind": "curve", "recipe": name, "status": "left_out", "reason": "no time was left"}
            continue
        curve = _curve(name, session.device, clock, checkpoint)
        yield {"kind": "curve", "recipe": name, **curve}
        has_time = curve["status"] != "partial"


def _replica(name: str, device: str, **changed: Any) -> PublishedPrimitive:
    """Make one replica of a recipe."""
    from methods.published_primitive import PublishedPrimitive  # here, since it brings torch

    return PublishedPrimitive(**RECIPES[name].fields(n_replicas=1, device=device, **changed))


def _estimate(name: str, device: str) -> Entry:
    """Measure the seconds per update after the first ones, and what the full length of one replica takes."""
    integral = references.integral(RECIPES[name].integral)
    _replica(name, device, n_updates=1).fit(integral)  # compiles kernels, which may take longer than all that follows
    marks: list[tuple[int, float]] = []
    method = _replica(name, device, n_updates=ESTIMATED_BY)
    start = time.perf_counter()
    method.fit(
        integral, budget=LONGEST_ESTIMATE_S,
        monitor=lambda trained: marks.append((trained.n_updates_, time.perf_counter())),
    )  # fmt: skip
    if len(marks) < 2:  # too slow for that: the preparation counts too
        marks = [(0, start), (method.n_updates_, time.perf_counter())]
    (n_before, before), (n_after, after) = marks[-2:]
    printed = RECIPES[name].fields()
    s_per_update = (after - before) / (n_after - n_before)
    return {
        "updates_measured": n_after - n_before, "s_per_update": s_per_update, "n_updates_printed": printed["n_updates"],
        "full_length_s": s_per_update * printed["n_updates"], "n_replicas_printed": printed["n_replicas"],
    }  # fmt: skip


class Checkpoint:
    """A file with the curves so far, and the state of the one recipe whose training is not complete.

    Parameters
    ----------
    path : Path
        The file; a missing one is an empty checkpoint, and so is one of another device.
    device : str
        As torch names it.
    """

    def __init__(self, path: Path, device: str) -> None:
        self._path, self._device = path, device
        self.curves: dict[str, Entry] = {}
        self.in_training: str | None = None
        self.state: dict[str, np.ndarray] = {}
        if path.exists():
            header, arrays = storage.read(path)
            if header["device"] == device:
                self.curves, self.in_training, self.state = header["curves"], header["in_training"], arrays

    def write(self, name: str, curve: Entry, state: dict[str, np.ndarray]) -> None:
        """Keep a recipe's curve, and its state, which is empty where training is over."""
        self.curves[name] = curve
        self.in_training, self.state = (name if state else None), state
        header = {"device": self._device, "curves": self.curves, "in_training": self.in_training}
        storage.write(self._path, header, state)


def _curve(name: str, device: str, clock: Clock, checkpoint: Checkpoint) -> Entry:
    """Train a recipe until it is complete, diverges or the time is over, going on from the checkpoint."""
    before = checkpoint.curves.get(name)
    if before is not None and before["status"] in ("ok", "failed"):
        return before
    if checkpoint.in_training != name:
        before = None
    training, method = _Training(name, before, checkpoint), _replica(name, device)
    integral, budget = references.integral(RECIPES[name].integral), clock.reserve(RESERVE_S).budget
    try:
        if before is None:
            method.fit(integral, budget=budget, monitor=training.look)
        else:
            method.resume(integral, checkpoint.state, budget=budget, monitor=training.look)
    except InputError as problem:
        return training.write(method, "failed", str(problem), {})
    training.note(method)
    return training.keep(method)


class _Training:
    """Follows the training of a recipe."""

    def __init__(self, name: str, before: Entry | None, checkpoint: Checkpoint) -> None:
        truth = references.truth(RECIPES[name].integral)
        self._s, self._value = truth.s[truth.uniform], truth.value[truth.uniform]
        self._name, self._checkpoint = name, checkpoint
        self._points: list[dict[str, Any]] = list(before["points"]) if before else []
        self._seconds_before = before["train_s"] if before else 0.0
        self._start = self._kept = time.perf_counter()

    def look(self, method: PublishedPrimitive) -> None:
        """Note the digits where a point of the curve is due, and write a checkpoint where that is."""
        if self._points and method.n_updates_ < CURVE_FACTOR * self._points[-1]["n_updates"]:
            return
        self.note(method)
        if time.perf_counter() - self._kept > CHECKPOINT_EVERY_S:
            self.keep(method)

    def note(self, method: PublishedPrimitive) -> None:
        """Add a point to the curve, unless it has that one or values are not finite."""
        if self._points and self._points[-1]["n_updates"] == method.n_updates_:
            return
        digits = -np.log10(metrics.relative_errors(method.integrate(self._s).value, self._value))
        if np.isfinite(digits).all():
            figures = {"digits_mean": float(digits.mean()), "digits_worst": float(digits.min())}
            self._points.append({"n_updates": method.n_updates_, **figures})

    def keep(self, method: PublishedPrimitive) -> Entry:
        """Write the checkpoint, and give the recipe's entry."""
        made, wanted = method.n_updates_, RECIPES[self._name].fields()["n_updates"]
        if made == wanted:
            return self.write(method, "ok", None, {})
        return self.write(method, "partial", f"{made:,} of {wanted:,} updates", method.training_state())

    def write(self, method: PublishedPrimitive, status: str, reason: str | None, state: dict[str, np.ndarray]) -> Entry:
        """Write the checkpoint with the state, which is empty where training is over, and give the recipe's entry."""
        printed = RECIPES[self._name].fields()
        entry = {
            "status": status, "reason": reason,
            "n_updates": getattr(method, "n_updates_", 0), "n_updates_printed": printed["n_updates"],
            "n_replicas": method.n_replicas, "n_replicas_printed": printed["n_replicas"],
            "train_s": self._seconds_before + time.perf_counter() - self._start, "points": self._points,
        }  # fmt: skip
        self._checkpoint.write(self._name, entry, state)
        self._kept = time.perf_counter()
        return entry
