"""Derivatives of what a surrogate learns: from ∂I/∂s to the derivatives of the standardised target, and back.

With the target y = g(I/h) of `targets.py`, h = f(s, 1/2) or 1, and the network's inputs v = 2u(s) − 1 in [−1, 1],

    ∂y/∂s_j = ∂(I/h)/∂s_j = (∂I/∂s_j − (I/h) ∂h/∂s_j)/h,        logarithmic: ∂y/∂s_j = (∂I/∂s_j)/I − (∂h/∂s_j)/h
    ∂y/∂v_j = ∂y/∂s_j · (ds_j/du_j)/2

where ds/du follows how the box is drawn: high − low, or s log(high/low) for "log-uniform". The standardisation
(y − mean)/scale divides them by the same scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from methods.base import InputError, ParametricIntegral
from methods.core import domain
from methods.core.budget import Clock
from methods.quadrature.node_gradients import weighted_sum_with_gradient
from methods.surrogates import targets
from methods.surrogates.gradient_labels import GradientLabelSource
from methods.surrogates.targets import Examples, Target


@dataclass(frozen=True)
class GradientExamples(Examples):
    """Labelled phase-space points with derivatives."""

    slopes: np.ndarray
    """(n, m) derivatives of the standardised target in the inputs v in [−1, 1]"""


def encode(target: Target, s: np.ndarray, value: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Return ∂y/∂s (n, m) for s (n, m), I(s) (n,) and ∂I/∂s (n, m)."""
    h, slope = _divisor(target, s)
    if target.logarithmic:
        return gradient / value[:, None] - slope / h
    return (gradient - value[:, None] / h * slope) / h


def decode(target: Target, s: np.ndarray, y: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Return ∂I/∂s (n, m) for s (n, m), y (n,) and ∂y/∂s (n, m): the inverse of `encode`."""
    h, slope = _divisor(target, s)
    if target.logarithmic:
        return np.exp(y)[:, None] * (h * gradient + slope)
    return h * gradient + y[:, None] * slope


def input_slope(integral: ParametricIntegral, s: np.ndarray) -> np.ndarray:
    """Return ds/dv (n, m), v in [−1, 1] being the network's inputs."""
    low, high = torch.tensor(integral.low).double(), torch.tensor(integral.high).double()
    u = torch.as_tensor(integral.to_unit(s)).requires_grad_()
    points = domain.DRAWS[integral.draw].from_unit(low, high, u)
    return torch.autograd.grad(points.sum(), u)[0].numpy() / 2


def examples(
    integral: ParametricIntegral,
    target: Target,
    labels: str,
    n_labels: int,
    seed: int,
    clock: Clock,
    exchangeable: list[int],
) -> GradientExamples:
    """Do what `targets.examples` does, derivatives included: those at the points sorted by symmetry.

    Raises
    ------
    InputError
        As there; and for a label method without derivatives, or derivatives that are not finite.
    """
    labelling = clock.share(targets.LABEL_SHARE)
    s = targets.points(integral, n_labels, seed, exchangeable)
    budget = labelling.share(targets.PREPARATION_SHARE).budget
    source = GradientLabelSource(labels, integral, epsrel=targets.LABEL_EPSREL, budget=budget)

    def compute(part: np.ndarray) -> tuple[np.ndarray, ...]:
        estimate, gradient = source.compute_with_gradient(part)
        return estimate.value, estimate.error, gradient

    value, error, gradient = targets.compute_in_steps(source, compute, s, labelling)
    values = targets.encoded(target, labels, s, value, error)
    if not np.isfinite(gradient).all():
        raise InputError(f"{labels} gave derivatives of {integral.name} that are not finite; choose another method.")
    slopes = encode(target, values.s, value, gradient) * input_slope(integral, values.s) / values.scale
    return GradientExamples(**vars(values), slopes=slopes)


def _divisor(target: Target, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return h (n, 1) and ∂h/∂s (n, m)."""
    if not target.centred:
        return np.ones((len(s), 1)), np.zeros_like(s)
    centre = torch.full((1, target.integral.k), 0.5, dtype=torch.float64)
    rule = weighted_sum_with_gradient(target.integral, centre, torch.ones(1, dtype=torch.float64))
    h, slope = rule(torch.as_tensor(s))
    return h.numpy()[:, None], slope.numpy()
