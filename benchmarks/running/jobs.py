"""A job: a method to run on an integral, with all that may differ between the jobs of a suite; rules for all jobs."""

from __future__ import annotations

from typing import NamedTuple

BATCHES = (1, 1024, 65_536)
"""Latency, throughput as the papers' networks are used, and throughput where no overhead is left."""


HARNESS_FIELDS = ("seed", "device", "workers")
"""Fields that the harness sets where a method has them and the command line does not."""

OVER_BUDGET = 1.1
"""A preparation that takes longer than this times its budget is marked in the tables and breaks the contract."""


class KnownSeconds(NamedTuple):
    """Seconds that were measured before, from which it is foreseen how long a run takes.

    Parameters
    ----------
    fit_s : float
        Seconds of preparation.
    s_per_integral : float
        Seconds per integral, one after the other.
    """

    fit_s: float
    s_per_integral: float


class Job(NamedTuple):
    """A method to run on an integral.

    Parameters
    ----------
    method : str
        As on the command line.
    budget_s : float
        Seconds of preparation.
    repeats : int
        Reruns, each with another seed.
    points : int, optional
        Uniform points to judge by; None for all that the truth has.
    batches : tuple of int
        Integrals per timed call, ascending.
    pilot : KnownSeconds, optional
        What a pilot measured; it changes nothing of the run.
    """

    method: str
    budget_s: float
    repeats: int = 1
    points: int | None = None
    batches: tuple[int, ...] = BATCHES
    pilot: KnownSeconds | None = None
