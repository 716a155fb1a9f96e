"""True values computed now, for integrals that nobody tabulated: a closed form, or two quadratures that must agree.

Above threshold the two are on complex contours (`arcs.py`), which reach one loop: four or five Feynman parameters.
"""

from __future__ import annotations

import numpy as np

from methods.base import InputError, ParametricIntegral
from methods.core.relative_error import error_scale
from references.values import arcs, quadrature, sums, test_points
from references.values.truth_files import Truth, TruthError

AIM = 1e-12
"""Relative error at which quadrature stops refining; its rounding floor is 4e-15."""
AIM_ABOVE_THRESHOLD = 1e-8
"""The same on contours, where a rule has as many nodes for one digit more as on the real axis for several."""
MOST_ABOVE_THRESHOLD = 200, 50
"""Points drawn uniformly, and further ones, of an integral above threshold: more take longer than a minute or two."""
ACCEPT = 1e-7
"""Largest error, relative to ∫ |f|, of a value that may judge others: ten times tighter than six digits."""
MAX_EVAL = 4e9
"""Evaluations of each term of an integrand before quadrature gives up: a minute or two."""
COARSE = 1e-3
"""Relative error of a quadrature that checks nothing."""
WITHOUT_TRUTH = "python -m benchmarks.choose checks a method without true values."
"""Says at the end of an error how a method is checked where there are no true values."""
CHECKED = 16
"""Points at which a closed form is compared with quadrature: half of them the first, half nearest to corners of the
box, where formulas fail first."""


def truth_of(integral: ParametricIntegral, n: int, seed: int, edge_points: int) -> Truth:
    """See `references.truth_of`."""
    if integral.prescription is not None and integral.exact is None:
        n, edge_points = min(n, MOST_ABOVE_THRESHOLD[0]), min(edge_points, MOST_ABOVE_THRESHOLD[1])
    s, uniform = test_points.draw(integral, n, seed, edge_points)
    if integral.exact is not None:
        value, error, how = closed_form(integral, s)
        return Truth(s, value, error, uniform, how)
    if integral.prescription is not None:
        return _above_threshold(integral, s, uniform)
    terms = len(integral.expression.terms) if integral.expression else 1
    try:
        result = sums.converge(integral, s, epsrel=AIM, max_eval=MAX_EVAL * terms)
    except InputError as problem:
        advice = f"give `exact`, fewer points, or a smaller box; {WITHOUT_TRUTH}"
        raise TruthError(f"{problem} Without true values nothing is compared: {advice}") from problem
    relative = result.error / np.maximum(result.magnitude, np.finfo(float).tiny)
    if relative.max(initial=0) > ACCEPT:
        worst = int(np.argmax(relative))
        raise TruthError(
            f"Two quadratures of {integral.name} differ by {relative[worst]:.1e} of ∫|f| at s = {s[worst].tolist()} "
            f"({result.rule}), more than the {ACCEPT:g} allowed: give `exact`, a smaller box, or a smoother integrand."
        )
    how = f"Gauss–Legendre after Möbius maps, two orders agreeing to {relative.max(initial=0):.1e}"
    return Truth(s, result.value, result.error, uniform, f"{how}; {result.rule}")


def _above_threshold(integral: ParametricIntegral, s: np.ndarray, uniform: np.ndarray) -> Truth:
    """Compute complex values on two contours."""
    face_free = " (--face-free of references.from_loop)" if len(integral.terms) > 1 else ""
    advice = f"give `exact`, or a box without zeros of F at corners of the cube{face_free}; {WITHOUT_TRUTH}"
    try:
        with np.errstate(invalid="ignore"):  # the search for a contour subtracts costs that are infinite
            result = arcs.converge(integral, s, epsrel=AIM_ABOVE_THRESHOLD)
    except InputError as problem:
        raise TruthError(f"{problem} Without true values nothing is compared: {advice}") from problem
    relative = result.error / np.maximum(np.abs(result.value), np.finfo(float).tiny)
    worst = int(np.argmax(relative))
    if not relative[worst] <= ACCEPT:
        raise TruthError(
            f"Two contours of {integral.name} differ by {relative[worst]:.1e} of |I| at s = {s[worst].tolist()} (up to "
            f"{result.order} nodes per axis), more than the {ACCEPT:g} allowed: {advice}"
        )
    how = f"Gauss–Legendre on two complex contours, two orders each, agreeing to {relative[worst]:.1e}"
    return Truth(s, result.value, result.error, uniform, f"{how}; {result.contours}")


def closed_form(integral: ParametricIntegral, s: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Compute values and errors (n,) at s (n, m) by `exact`, and say how it was compared with quadrature.

    Relative to the values, or to 1 % of their mean size where they are smaller, the errors are the largest |value −
    quadrature| + (quadrature's error) of the points that were compared: a closed form is known as well as it was
    checked. Where it was not, they are those of rounding.

    Raises
    ------
    TruthError
        For values of another shape, that are not finite, or that quadrature contradicts.
    """
    value = np.asarray(integral.exact(s))  # type: ignore[misc]
    if value.shape != (len(s),) or not np.isfinite(value).all():
        raise TruthError(
            f"exact of {integral.name} must return {len(s)} finite numbers, shape ({len(s)},), for s of shape "
            f"{s.shape}; it returned shape {value.shape}{'' if np.isfinite(value).all() else ' with nan or infinity'}."
        )
    size = np.abs(value)
    scale = error_scale(size, float(size.mean()) if len(size) else 0.0)
    rounding = quadrature.ROUNDING * scale
    chosen = _to_check(integral, s)
    few = s[chosen]
    try:
        result, rule = _by_quadrature(integral, few)
    except quadrature.TooExpensive:
        return (
            value,
            rounding,
            f"closed form, not compared with quadrature: {integral.k} dimensions are too many for it",
        )
    except InputError as problem:
        return value, rounding, f"closed form, not compared with quadrature: {problem}"
    difference = np.abs(value[chosen] - result.value)
    # Ten times the difference of two rules: where few evaluations are allowed, it understates the error.
    allowed = 10 * result.error + rounding[chosen]
    wrong = np.flatnonzero(difference > allowed)
    if len(wrong):
        i = wrong[0]
        raise TruthError(
            f"exact of {integral.name} gives {value[chosen[i]]:.10g} at s = {few[i].tolist()}, but quadrature gives "
            f"{result.value[i]:.10g} ± {result.error[i]:.1g}: correct exact, the integrand or the box."
        )
    checked_to = float(np.max((difference + result.error) / scale[chosen], initial=0.0))
    if checked_to > COARSE:
        return value, rounding, f"closed form, which quadrature of {integral.k} dimensions is too coarse to check"
    how = f"closed form, compared with Gauss–Legendre ({rule}) at {len(few)} points to {checked_to:.1e}"
    return value, np.maximum(rounding, checked_to * scale), how


def _to_check(integral: ParametricIntegral, s: np.ndarray) -> np.ndarray:
    """Return the numbers of the points of s (n, m) at which a closed form is compared, CHECKED at most."""
    rest = np.random.default_rng(0).permutation(np.arange(CHECKED // 2, len(s)))  # no corner before another
    u = integral.to_unit(s[rest])
    from_corner = np.max(np.minimum(u, 1 - u), axis=1).round(9)
    nearest = rest[np.argsort(from_corner, kind="stable")[: CHECKED // 2]]
    return np.concatenate([np.arange(min(CHECKED // 2, len(s))), nearest])


def _by_quadrature(integral: ParametricIntegral, s: np.ndarray) -> tuple[quadrature.Quadrature | arcs.Result, str]:
    """Integrate at s (n, m), above threshold on complex contours; return the result, and which rule that was."""
    if integral.prescription is None:
        real = sums.converge(integral, s, epsrel=AIM, max_eval=MAX_EVAL / 100 * len(integral.terms))
        return real, str(real.rule)
    with np.errstate(invalid="ignore"):  # the search for a contour subtracts costs that are infinite
        result = arcs.converge(integral, s, epsrel=AIM)  # few points: with as many nodes as there may be
    return result, result.contours
