"""Targets, which surrogates learn in place of I(s), and labelled points to learn them from.

A regressor does better on a function without steep slopes. So it learns a target y, made from I(s) with something
cheap that is correlated with it, and the prediction is turned back:

    ratio      y = I(s)/f(s, 1/2), the integrand at the centre of the cube
    log_ratio  y = log(I(s)/f(s, 1/2))
    log        y = log I(s)
    plain      y = I(s)

The ratio stands for the physics-informed normalisation of Bishara, Paul and Dy, NeurIPS ML4PS 2022, eq. 2, which
divides by the leading order of the process. Whatever the target, it is standardised with the mean and the standard
deviation of the training labels alone: validation labels may not help.

notation: paper's f_11 + f_02 = I, f_00 = f(s, 1/2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from methods.base import InputError, ParametricIntegral
from methods.core.budget import Clock
from methods.core.names import unknown
from methods.surrogates import symmetry
from methods.surrogates.label_limit import LabelLimit
from methods.surrogates.labels import LEAST_LABELS, LabelSource, err_alike, with_label_errors

VALIDATION_SHARE = 0.2
"""Share of the labels that judge the training and are not trained on: the paper's 80 %-20 % split."""

LABEL_SHARE = 0.4
"""Share of the budget that labels may take; the rest is for training."""

PREPARATION_SHARE = 0.5
"""Share of the labels' time in which the direct method may prepare itself."""

LABEL_EPSREL = 1e-6
"""Relative error wanted of labels: two digits more than either surrogate reaches in minutes."""

ROUNDING = 100 * np.finfo(np.float64).eps
"""Relative standard deviation up to which targets are a constant: the mean of equal numbers is off by rounding."""

N_NEIGHBOURS = 4
"""Points at which labels are compared with those of neighbours: of independent errors one test in 100 is wrong."""

GROWTH = 10
"""Factor by which a step raises the number of labels; the time that one took tells how many the next step may have."""


@dataclass(frozen=True)
class Target:
    """y = g(I(s)/h(s)), or y = I(s)/h(s), bound to one integral.

    Parameters
    ----------
    integral : ParametricIntegral
        The integral.
    centred : bool
        Whether h(s) = f(s, 1/2) rather than 1.
    logarithmic : bool
        Whether g is the logarithm rather than the identity.
    """

    integral: ParametricIntegral
    centred: bool
    logarithmic: bool

    def __post_init__(self) -> None:
        centre = np.full((1, self.integral.k), 0.5)
        object.__setattr__(self, "_at_centre", self.integral.at_nodes(centre))

    @property
    def n_eval(self) -> int:
        """Integrand evaluations per phase-space point."""
        return int(self.centred)

    def encode(self, s: np.ndarray, value: np.ndarray) -> np.ndarray:
        """Return y (n,) for s (n, m) and I(s) (n,). Raises InputError where it is not defined over the whole box."""
        divisor = self._divisor(s)
        has_one_sign = np.isfinite(divisor).all() and (divisor.min() > 0 or divisor.max() < 0)
        if self.centred and not has_one_sign:
            raise self._not_defined("f(s, 1/2) changes sign, vanishes or is not finite in")
        if not self.logarithmic:
            return value / divisor
        if not (value / divisor).min() > 0:
            raise self._not_defined("the argument of the logarithm is not positive and finite over")
        return np.log(value / divisor)

    def decode(self, s: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return I(s) (n,) and |dI/dy| (n,) for predicted y (n,)."""
        divisor = self._divisor(s)
        if not self.logarithmic:
            return y * divisor, np.abs(divisor)
        value = np.exp(y) * divisor
        return value, np.abs(value)

    def _divisor(self, s: np.ndarray) -> np.ndarray:
        return self._at_centre(s)[:, 0] if self.centred else np.ones(len(s))  # type: ignore[attr-defined]

    def _not_defined(self, problem: str) -> InputError:
        return InputError(f"{problem} the box of {self.integral.name}; use target='plain'.")


TARGETS: dict[str, Callable[[ParametricIntegral], Target]] = {
    "ratio": lambda integral: Target(integral, centred=True, logarithmic=False),
    "log_ratio": lambda integral: Target(integral, centred=True, logarithmic=True),
    "log": lambda integral: Target(integral, centred=False, logarithmic=True),
    "plain": lambda integral: Target(integral, centred=False, logarithmic=False),
}
"""Targets by the names that surrogates' field `target` takes."""


def make(name: str, integral: ParametricIntegral) -> Target:
    """Return the target `name` for `integral`, or I(s) itself where it is complex: f(s, 1/2) may be infinite then.

    Raises InputError for an unknown name.
    """
    if name not in TARGETS:
        raise unknown("target", name, TARGETS)
    if integral.is_complex:
        return TARGETS["plain"](integral)
    return TARGETS[name](integral)


@dataclass(frozen=True)
class Examples:
    """Labelled phase-space points: the first `n_train` are for training, the others for validation."""

    s: np.ndarray
    """(n, m)"""
    y: np.ndarray
    """(n,) standardised targets, complex where I(s) is"""
    noise: np.ndarray
    """(n,) standard deviation of each label in units of y, as its method states it; 0 where it states none"""
    n_train: int
    mean: Any
    """Mean of the training targets, a float or complex number."""
    scale: float
    """Their standard deviation."""
    n_refused: int = 0
    """Labels that their own method calls wrong, which are left out."""
    cut_short: bool = False
    """Whether the budget left fewer labels than were asked for, or less precise ones."""
    err_alike: bool = True
    """Whether neighbouring labels err by the same, so that what learns them does so, too."""

    @property
    def label_error(self) -> float:
        """The root mean square error that validation labels state and that no residual shows, in units of the target.

        It is 0 where labels err independently: residuals show that, and many labels have a small mean error.
        """
        return self.scale * with_label_errors(0.0, self.noise[self.n_train :]) if self.err_alike else 0.0

    @property
    def details(self) -> dict[str, int | bool]:
        """Entries of a method's `details_`: how many labels there were, and why no more."""
        n_labels = len(self.s) + self.n_refused
        return {"n_labels": n_labels, "n_refused": self.n_refused, "labels_cut_short": self.cut_short}


def mean_and_scale(y: np.ndarray) -> tuple[Any, float]:
    """Compute mean and standard deviation of targets (n,), that of a complex number in the plane.

    Returns 1 in place of a deviation that is rounding.
    """
    mean, scale = y.mean().item(), float(y.std())
    return mean, scale if scale > ROUNDING * abs(mean) else 1.0  # a constant needs no scale


def standardise(s: np.ndarray, y: np.ndarray, noise: np.ndarray) -> Examples:
    """Split the labels and standardise the targets with the mean and standard deviation of the training part."""
    # The points are drawn independently, so the last ones are as good for validation as any.
    n_train = round(len(y) * (1 - VALIDATION_SHARE))
    mean, scale = mean_and_scale(y[:n_train])
    return Examples(s, (y - mean) / scale, noise / scale, n_train, mean, scale)


def examples(
    integral: ParametricIntegral,
    target: Target,
    labels: str,
    n_labels: int,
    seed: int,
    clock: Clock,
    exchangeable: list[int],
) -> Examples:
    """Compute labels at points drawn from the box, sorted by symmetry, and make training and validation sets of them.

    There are fewer than `n_labels` where more would take too much of the budget. Asking for that smaller number
    gives the same points and, up to rounding, the same labels again, unless the label method was itself cut short by
    its part of the budget. Ten labels are computed in any case, four more at neighbours of the first ones, and with
    a symmetry up to twenty that check it.

    Raises
    ------
    InputError
        For fewer than ten labels; for labels that are complex where the integral is not, or not finite, or whose error
        is infinite or negative; for a target that is not defined for them; for a symmetry that they do not have.
    """
    labelling = clock.share(LABEL_SHARE)
    check_number(n_labels)
    source = prepared(labels, integral, labelling)
    drawn = integral.sample(n_labels, seed)
    symmetry.check(source, drawn[:LEAST_LABELS], exchangeable)
    s = symmetry.fold(drawn, exchangeable)
    value, error = compute_in_steps(source, lambda part: source.compute(part)[:2], s, labelling)
    cut_short = source.cut_short or len(value) < n_labels
    few, middle = slice(0, N_NEIGHBOURS), (np.array(integral.low) + np.array(integral.high)) / 2
    alike = err_alike(source, s[few], value[few], error[few], middle)
    return replace(encoded(target, labels, s, value, error), cut_short=cut_short, err_alike=alike)


def prepared(labels: str, integral: ParametricIntegral, labelling: Clock, epsrel: float = LABEL_EPSREL) -> LabelSource:
    """Prepare the method of the labels within its share of their time."""
    return LabelSource(labels, integral, epsrel=epsrel, budget=labelling.share(PREPARATION_SHARE).budget)


def check_number(n_labels: int) -> None:
    """Raise InputError for fewer than ten labels."""
    if n_labels < LEAST_LABELS:
        raise InputError(f"n_labels is {n_labels}; at least {LEAST_LABELS} are needed to train and to validate.")


def encoded(target: Target, labels: str, s: np.ndarray, value: np.ndarray, error: np.ndarray) -> Examples:
    """Make examples of labels for the first rows of s, without those that their method calls wrong.

    Raises InputError for labels that cannot be learnt.
    """
    check(target.integral, labels, value, error)
    n = len(value)
    value, error, s = LabelLimit.of(value, error).without_refused(value, error, s[:n])
    y = target.encode(s, value)
    _, slope = target.decode(s, y)
    return replace(standardise(s, y, np.nan_to_num(error) / slope), n_refused=n - len(value))  # nan: none is stated


def check(integral: ParametricIntegral, labels: str, value: np.ndarray, error: np.ndarray) -> None:
    """Raise InputError for labels (n,) of an integral, with their errors, that cannot be learnt."""
    name = integral.name
    if np.iscomplexobj(value) and not integral.is_complex:
        raise InputError(f"The labels of {name} are complex, but it has no prescription; give it one, such as 'F'.")
    if integral.is_complex and not np.iscomplexobj(value):
        raise InputError(f"{labels} gave real labels of {name}, which is complex; choose another label method.")
    if not np.isfinite(value).all():
        raise InputError(f"{labels} gave labels of {name} that are not finite; choose another label method.")
    useless = int((~np.isnan(error) & ~((error >= 0) & np.isfinite(error))).sum())
    if useless:
        raise InputError(
            f"{labels} states infinite or negative errors for {useless} of {len(value)} labels of {name}; give it more "
            "time per label, or choose another label method."
        )


def compute_in_steps(
    source: LabelSource, compute: Callable[[np.ndarray], tuple[np.ndarray, ...]], s: np.ndarray, clock: Clock
) -> list[np.ndarray]:
    """Compute labels for the rows of s, in order, until the clock leaves no time for the next ones.

    Returns the arrays that `compute` returns for some rows, by `source`, joined.
    """
    n = min(LEAST_LABELS, len(s))
    found = [compute(s[:n])]
    while n < len(s):
        affordable = max(0.0, clock.left / max(source.seconds_per_label, 1e-9))
        size = int(min((GROWTH - 1) * n, len(s) - n, affordable))
        # A few more labels are not worth another step.
        if size < min(n / GROWTH, len(s) - n):
            break
        found.append(compute(s[n : n + size]))
        n += size
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]
