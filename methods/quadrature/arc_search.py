"""The search for a causal contour on which Gauss rules of a given number of nodes err least.

The contour of a term is an arc, or an S, for each Feynman parameter. For any contour `arc_choice` tells how far
a rule is from finer ones, without knowing I(s). It is evaluated for all combinations of START_CONTOURS that are
causal; where it is least, the simplex of Nelder and Mead (Comput. J. 7, 1965, 308) changes the phases. A search cut
short looks at fewer combinations, those first in which all parameters have the same contour, and fewer changes.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import scipy.optimize

from methods.base import ParametricIntegral
from methods.core.errors import NoCausalContour
from methods.quadrature import arc_causality
from methods.quadrature.arc_rules import Contour

START_CONTOURS = (*[Contour(phase) for phase in (-1.2, -0.6, 0.0, 0.6, 1.2)], Contour(-1.2, True), Contour(1.2, True))
"""Contours of a parameter with which the search begins."""

MOST_STARTS = 343
"""Largest number of their combinations, as k = 3 has; where there are more, those of equal contours and drawn ones."""

MOST_PHASE = {False: 2.4, True: 1.4}
"""Largest |φ| of an arc and of an S."""

SIMPLEX_STEP, SIMPLEX_TRIALS = 0.3, 20
"""Size of the first simplex, and trials for each parameter."""

WORST_LOG_ERROR = 9.0
"""Stands for log10 of the error of contours that are not causal."""


def n_starts(k: int) -> int:
    """Count the combinations of START_CONTOURS that a complete search in k dimensions looks at."""
    return len(_starts(k))


def n_causal_starts(term: ParametricIntegral, points: arc_causality.Sample) -> int:
    """Count the combinations of START_CONTOURS that the points find causal: a complete search compares all errors."""
    return sum(arc_causality.is_causal(term, paths, points) for paths in _starts(term.k))


def n_contours(k: int) -> int:
    """Count the contours that a search in k dimensions looks at."""
    return n_starts(k) + SIMPLEX_TRIALS * k


def contours(
    term: ParametricIntegral, points: arc_causality.Sample, error: Callable[[Sequence[Contour]], float], n_most: int
) -> list[tuple[Contour, ...]]:
    """List contours, one for each parameter, that the points find causal, from the best to the worst.

    Parameters
    ----------
    term : ParametricIntegral
        A complex integral with one term.
    points : arc_causality.Sample
        Where contours are checked to be causal.
    error : callable
        The error of a rule on the contours.
    n_most : int
        Most contours that are looked at: half of them where the search begins, but one that is causal at least.

    Raises
    ------
    NoCausalContour
        Where none that was tried is causal.
    """
    starts: list[tuple[Contour, ...]] = []
    n_tried, every = 0, _starts(term.k)
    n_changes = min(SIMPLEX_TRIALS * term.k, n_most // 2)
    for paths in every:
        if starts and n_tried >= n_most - n_changes:
            break
        n_tried += 1
        if arc_causality.is_causal(term, paths, points):
            starts.append(paths)
    if not starts:
        causalities = [arc_causality.causality_on(term, paths, points) for paths in every]
        least = min(causalities, key=lambda causality: causality.share_not_causal)
        where = ", ".join(map("{} = {:.4g}".format, term.parameters, points.s[least.is_wrong][0]))
        raise NoCausalContour(
            f"None of {n_tried} contours tried for {term.name} has the zeros of {term.prescription} - i0, and those of "
            "other denominators, on the right side all over the box; the one that fails least does so at "
            f"{least.share_not_causal:.1%} of the points looked at, such as {where}. Take a smaller box, or a formula "
            "with fewer zeros at faces of the cube."
        )
    log_error = functools.partial(_log_error, term, points, error)
    starts.sort(key=log_error)
    phases = np.array([contour.phase for contour in starts[0]])
    simplex = [phases, *(phases + np.diag(np.where(phases > 0, -SIMPLEX_STEP, SIMPLEX_STEP)))]
    found = scipy.optimize.minimize(
        lambda trial: log_error(_with_phases(starts[0], trial)), phases, method="Nelder-Mead",
        options={"initial_simplex": np.array(simplex), "maxfev": max(1, n_changes)},
    )  # fmt: skip
    return [_with_phases(starts[0], found.x), *starts]


def _log_error(
    term: ParametricIntegral, points: arc_causality.Sample, error: Callable, paths: Sequence[Contour]
) -> float:
    if any(abs(contour.phase) > MOST_PHASE[contour.is_s] for contour in paths):
        return WORST_LOG_ERROR
    if not arc_causality.is_causal(term, paths, points):
        return WORST_LOG_ERROR
    found = error(paths)
    return math.log10(max(found, 1e-300)) if math.isfinite(found) else WORST_LOG_ERROR


@functools.cache
def _starts(k: int) -> list[tuple[Contour, ...]]:
    """List combinations of START_CONTOURS, those of few different ones first."""
    if len(START_CONTOURS) ** k <= MOST_STARTS:
        every = list(itertools.product(START_CONTOURS, repeat=k))
    else:
        equal = [(contour,) * k for contour in START_CONTOURS]
        # Twice as many as are wanted, since some are drawn twice: 7⁴ combinations leave 600 different ones of 686.
        drawn = np.random.default_rng(0).integers(0, len(START_CONTOURS), (2 * MOST_STARTS, k))
        every = [*equal, *(tuple(START_CONTOURS[i] for i in row) for row in drawn.tolist())]
        every = list(dict.fromkeys(every))[:MOST_STARTS]
    return sorted(every, key=lambda paths: len(set(paths)))


def _with_phases(paths: Sequence[Contour], phases: np.ndarray) -> tuple[Contour, ...]:
    return tuple(contour._replace(phase=float(phase)) for contour, phase in zip(paths, phases, strict=True))
