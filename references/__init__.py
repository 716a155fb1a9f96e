"""The integrals, their true values, and the independent methods that checked them.

    integral("box1l")           a registered integral, or one of anybody's own file
    truth("box1l")              its stored true values, written only by ``python -m references.tabulate``
    truth_of(my_integral)       true values of an integral of one's own, computed now

Nothing heavy is imported before it is asked for: the integrals' symbols take half a second.
"""

from __future__ import annotations

from pathlib import Path

from methods.base import InputError, ParametricIntegral
from methods.core import names as lookup
from references.values import truth_files
from references.values.truth_files import Truth, TruthError

__all__ = ["Truth", "TruthError", "integral", "names", "stored_hashes", "truth", "truth_of"]


def names() -> list[str]:
    """Return the names of the registered integrals, easiest kinds first: see `references/integrals/catalogue.py`."""
    from references.integrals import catalogue

    return list(catalogue.ENTRIES)


def integral(name: str) -> ParametricIntegral:
    """Return the integral `name`.

    Parameters
    ----------
    name : str
        A registered integral; a member of a Genz family in any k, as "genz_gaussian_5d"; the sum of the sectors in a
        file that ``python -m references.from_loop`` wrote, "triangle.json", or one of them,
        "triangle.json:triangle_s1"; or "module:attribute" of anybody's own file.

    Raises
    ------
    InputError
        For an unknown name, or an attribute that is not an integral.
    """
    from references.integrals import catalogue
    from references.sectors import sector_files

    path, _, which = name.partition(":")
    if path.endswith(".json") and "\0" not in path:  # which no file's name may hold
        return sector_files.integral(Path(path).resolve(), which)
    if path.endswith(".py"):
        raise InputError(f"{path} is a file; name the integral in it, as {Path(path).stem}:NAME, from its folder.")
    if not which:
        if catalogue.find(name) is None:
            raise lookup.unknown("integral", name, catalogue.ENTRIES)
        return catalogue.integral(name)
    found = lookup.attribute(name, lambda value: isinstance(value, ParametricIntegral))
    if not isinstance(found, ParametricIntegral):
        raise InputError(f"{name!r} is a {type(found).__name__}, not a methods.base.ParametricIntegral; name one.")
    return found


def truth(name: str) -> Truth:
    """Return the stored true values of the registered integral `name`.

    Raises
    ------
    InputError
        For an unknown name.
    TruthError
        An InputError: where nothing is stored, or it is damaged, or of another equation, box or parameters.
    """
    found = integral(name)
    return truth_files.read(truth_files.folder() / f"{found.name}.csv", found).truth


def stored_hashes(name: str) -> truth_files.Hashes | None:
    """Return the hashes of a registered integral's equation and truth as they are stored; None for any other name."""
    return truth_files.stored_hashes(truth_files.folder() / f"{name}.csv")


def truth_of(integral: ParametricIntegral, n: int = 1000, seed: int = 1, edge_points: int = 200) -> Truth:
    """Compute true values of an integral of one's own: exact where it says so, else by two rules that must agree.

    Parameters
    ----------
    integral : ParametricIntegral
        Any integral.
    n : int
        Points drawn uniformly from the box; above threshold 200 at most.
    seed : int
        Of the points.
    edge_points : int
        Further points, in equal parts from cornerness 1, 2, 3 (up to m) and the edge; above threshold 50 at most.

    Raises
    ------
    TruthError
        An InputError: where the values are not known well enough to judge others by.
    """
    from references.values import on_demand

    return on_demand.truth_of(integral, n, seed, edge_points)
