"""Symmetries of I(s): kinematic invariants that may be exchanged without changing the integral.

I(…, a, …, b, …) = I(…, b, …, a, …) is used by learning and evaluating at sorted values only, a <= b: the value is then
symmetric exactly, and of n exchangeable invariants a box n! times smaller has to be learnt. As in Bishara, Paul and Dy,
NeurIPS ML4PS 2022, table 2, where exchanges of particles leave 25 of 162 functions.
"""

from __future__ import annotations

import numpy as np

from methods.base import InputError, ParametricIntegral
from methods.core.names import unknown
from methods.surrogates.labels import LabelSource

ERRORS, RELATIVE = 5, 1e-4
"""Values at exchanged invariants may differ by so many times the sum of their errors, and relatively by so much where
they state none or too small ones."""


def columns(symmetry: str, integral: ParametricIntegral) -> list[int]:
    """Return the columns of s that may be exchanged, for text such as ``"mA2:mB2"``; none for "".

    Raises
    ------
    InputError
        For a name that is no invariant of the integral or comes twice, fewer than two names, or different ranges.
    """
    if not symmetry:
        return []
    names = symmetry.split(":")
    for name in names:
        if name not in integral.parameters:
            raise unknown(f"kinematic invariant of {integral.name}", name, integral.parameters)
    found = [integral.parameters.index(name) for name in names]
    ranges = {(integral.low[i], integral.high[i]) for i in found}
    if len(found) < 2 or len(set(found)) < len(found) or len(ranges) > 1:
        raise InputError(
            f"symmetry={symmetry!r} names no exchange within the box of {integral.name}; "
            "join two or more different invariants with the same range by colons."
        )
    return found


def check(source: LabelSource, s: np.ndarray, exchangeable: list[int]) -> None:
    """Compare labels at s (n, m) with those at the same points folded: nothing that is learnt later would show it.

    Raises
    ------
    InputError
        Where they differ.
    """
    folded = fold(s, exchangeable)
    s, folded = (points[(s != folded).any(axis=1)] for points in (s, folded))
    if not len(s):
        return
    (value, error, _), (other, other_error, _) = source.compute(s), source.compute(folded)
    allowed = ERRORS * (np.nan_to_num(error) + np.nan_to_num(other_error)) + RELATIVE * np.abs(value)
    with np.errstate(invalid="ignore"):  # labels that are not finite are refused later
        wrong = np.isfinite(value + other) & (np.abs(value - other) > allowed)
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"The symmetry is none: the integral is {value[row]:.6g} at s = {s[row].tolist()}, and {other[row]:.6g} "
            "where these invariants are exchanged; name others, or none."
        )


def fold(s: np.ndarray, exchangeable: list[int]) -> np.ndarray:
    """Return s (n, m) with the exchangeable columns sorted in each row; s itself stays as it is."""
    if not exchangeable:
        return s
    folded = s.copy()
    folded[:, exchangeable] = np.sort(s[:, exchangeable], axis=1)
    return folded
