"""How many points judge the methods of `curves` that integrate one point after the other, from a pilot.

The pilot measured the seconds per integral of each method's most expensive setting on a busy core. The numbers of
points are what about 20 s allow, as a minute for each would make hours in all, and FEWEST at least; settings that need
more than a minute for so many are left out. Only times played a part in it.
"""

from __future__ import annotations

FEWEST = 50
"""Points where there was no pilot, or it allows no more."""

LEAST_EPSREL = 1e-6
"""Smallest `epsrel` of pysecdec_qmc where the pilot said so, or there was none."""

_POINTS: dict[str, dict[str, int]] = {
    "box1l": {"pysecdec_qmc": 800, "vegas": 300, "scipy_qmc": 500},
    "box1l_wide": {"pysecdec_qmc": 200},
    "pentagon1l_8d": {"pysecdec_qmc": 70, "vegas": 100, "scipy_qmc": 300},
    **{name: {"pysecdec_qmc": 200} for name in ("triangle2l_s01", "box1l_masses_sum", "genz_gaussian_4d")},
    **{name: {"pysecdec_qmc": 70} for name in ("kite2l_sum", "genz_corner_peak_5d")},
}
"""Integral -> method -> uniform points of its truth."""

_LEAST_EPSREL: dict[str, float] = {
    **dict.fromkeys(("box1l", "box1l_wide", "pentagon1l_8d"), 1e-10),
    **dict.fromkeys(("box1l_masses_sum", "triangle2l_s01", "ladder2l_s01", "kite2l_sum"), 1e-8),
    **dict.fromkeys(("pentagon1l_masses_sum", "genz_gaussian_4d", "genz_corner_peak_5d"), 1e-8),
    **dict.fromkeys(("box2l_sum", "pentabox_s01", "heptagon1l", "genz_gaussian_8d", "genz_corner_peak_8d"), 1e-4),
}
"""Integral -> smallest `epsrel` at which pysecdec_qmc integrates FEWEST points in a minute."""


def n_points(integral: str, method: str) -> int:
    """Return how many uniform points judge a method, written as on the command line."""
    return _POINTS.get(integral, {}).get(method.partition(",")[0], FEWEST)


def least_epsrel(integral: str) -> float:
    """Return the smallest `epsrel` at which pysecdec_qmc is run."""
    return _LEAST_EPSREL.get(integral, LEAST_EPSREL)
