"""How many points judge the methods of `curves` that integrate one point after the other, from a pilot.

The pilot measured the seconds per integral of each method's most expensive setting. The numbers of points are what
about 20 s allow, so that both presets take an hour, and FEWEST at least; settings that need more than a minute for so
many are left out. Only times played a part in it.
"""

from __future__ import annotations

FEWEST = 50
"""Points where there was no pilot, or it allows no more."""

LEAST_EPSREL = 1e-6
"""Smallest `epsrel` of pysecdec_qmc where there was no pilot."""

_POINTS: dict[str, dict[str, int]] = {
    "box1l": {"pysecdec_qmc": 800, "vegas": 300, "scipy_qmc": 500},
    "box1l_wide": {"pysecdec_qmc": 200},
    "box2l": {"vegas": 100, "scipy_qmc": 200},
}
"""Integral -> method -> uniform points of its truth."""

_LEAST_EPSREL: dict[str, float] = {"box1l": 1e-10, "box1l_wide": 1e-10, "box2l": 1e-6, "box2l_sum": 1e-4}
"""Integral -> smallest `epsrel` at which pysecdec_qmc integrates FEWEST points in a minute."""


def points(integral: str, method: str) -> int:
    """Return how many uniform points judge a method, written as on the command line."""
    return _POINTS.get(integral, {}).get(method.partition(",")[0], FEWEST)


def least_epsrel(integral: str) -> float:
    """Return the smallest `epsrel` at which pysecdec_qmc is run."""
    return _LEAST_EPSREL.get(integral, LEAST_EPSREL)
