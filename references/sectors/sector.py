"""One integrand of a loop integral over the unit cube, as sector decomposition or a map of the simplex gives it."""

from __future__ import annotations

from typing import NamedTuple


class Sector(NamedTuple):
    """factor · Π x_i^{a_i} U^u F^{−f} over the unit cube, counted `multiplicity` times."""

    multiplicity: int
    powers: tuple[int, ...]
    """a_i."""
    U: str
    U_power: int
    F: str
    F_power: int
    """−f: negative."""
    positive: str
    """Argument that F > 0 over the box, or else that it is negative or changes sign."""
    factor: str | None = None
    """A polynomial in x, where powers do not say all: the Jacobian of `face_free.py`, whose integrand is the whole."""
    prescription: str | None = None
    """"F" where F changes sign in the box and stands for F − i0."""
