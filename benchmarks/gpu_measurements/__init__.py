"""The measurements of `python -m benchmarks.gpu`, for the minutes that a GPU is at hand: a file for each.

Read `session.py` first: each file has a generator `measure(session)`, whose entries are JSON values. `MEASUREMENTS`
lists them in the order of their worth.
"""

from __future__ import annotations

from typing import NamedTuple


class Measurement(NamedTuple):
    """One of the measurements."""

    module: str
    weight: float
    """Seconds of 480. The measurement may take weight/Σ of the time that is left when it begins, Σ being the sum of the
    weights of itself and of all later ones."""
    title: str


def _measurement(name: str, weight: float, title: str) -> Measurement:
    return Measurement(f"{__name__}.{name}", weight, title)


MEASUREMENTS: dict[str, Measurement] = {
    "rates": _measurement("rates", 25.0, "what the device can do: products by precision, memory bandwidth"),
    "steps": _measurement("derivative_steps", 75.0, "a training step and a corner sum, by each way to make them"),
    "times": _measurement("integrate_times", 70.0, "µs per integral of methods that were fitted before"),
    "tests": _measurement("gpu_tests", 75.0, "the tests marked gpu"),
    "lattice": _measurement("lattice_rules", 30.0, "lattice_qmc, fitted and evaluated on the device"),
    "training": _measurement("published_training", 205.0, "the papers' recipes, as far as they go"),
}
"""Name on the command line, and of the file of results -> measurement. Training is last, and takes what is left."""
