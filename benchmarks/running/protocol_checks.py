"""The Protocols of `methods.base` as checks: whether the members of a fitted method give what each says.

A check takes the method and points s (n, m), and returns what is wrong, or None.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.running import isolated_messages
from benchmarks.running.isolated_messages import Outcome
from methods.base import (
    Diagnosable,
    Estimate,
    Exportable,
    GivesLabelGradients,
    HasGradient,
    HasReplicas,
    InputError,
    LearnsFromLabels,
    ReportsDetails,
    ReportsSetup,
    SamplesX,
    TrainsInUpdates,
)


def counts_updates(method: TrainsInUpdates, s: np.ndarray) -> str | None:
    """Require that the attribute `n_updates_` is a whole number."""
    found = method.n_updates_
    return None if type(found) is int and found >= 0 else f"n_updates_ is {found!r}; a whole number is due"


def reports_seconds(method: ReportsSetup, s: np.ndarray) -> str | None:
    """Require that the attribute `setup_s_` holds seconds by name."""
    found = method.setup_s_
    is_plain = isinstance(found, dict) and all(
        isinstance(name, str) and isinstance(seconds, int | float) and math.isfinite(seconds)
        for name, seconds in found.items()
    )
    return None if is_plain else f"setup_s_ is {str(found)[:80]}; a dict of names to seconds is due"


def reports_details(method: ReportsDetails, s: np.ndarray) -> str | None:
    """Require that the attribute `details_` is a JSON object."""
    return _problem_of_json("details_", method.details_)


def diagnoses(method: Diagnosable, s: np.ndarray) -> str | None:
    """Require that the method `diagnose` returns a JSON object."""
    return _problem_of_json("what diagnose() returns", method.diagnose())


def names_its_labels(method: LearnsFromLabels, s: np.ndarray) -> str | None:
    """Require that the field `labels` is None or names a direct method."""
    found = method.labels
    return None if found is None or isinstance(found, str) else f"labels is {found!r}; None or a method's name is due"


def gives_label_gradients(method: GivesLabelGradients, s: np.ndarray) -> str | None:
    """Require that the method `integrate_with_gradient` returns an Estimate and ∂I/∂s (n, m)."""
    found = method.integrate_with_gradient(s)
    if not (isinstance(found, tuple) and len(found) == 2 and isinstance(found[0], Estimate)):
        return "integrate_with_gradient does not return an Estimate and an array"
    return _problem_of_array("the gradient of integrate_with_gradient", found[1], s.shape)


def gives_gradient(method: HasGradient, s: np.ndarray) -> str | None:
    """Require that the method `gradient` returns ∂I/∂s (n, m)."""
    return _problem_of_array("what gradient returns", method.gradient(s), s.shape)


def gives_replicas(method: HasReplicas, s: np.ndarray) -> str | None:
    """Require that the method `replica_values` returns a row for each replica."""
    found = method.replica_values(s)
    return _problem_of_array("what replica_values returns", found, (*np.shape(found)[:1], len(s)))


def exports(method: Exportable, s: np.ndarray) -> str | None:
    """Require that the method `export_form` returns a form that `methods.export` can write, or raises InputError."""
    from methods.core.arithmetic import Arithmetic
    from methods.deep.corner_networks import CornerNetworks  # imports torch

    try:
        form = method.export_form()
    except InputError:  # the reason why this integral's value cannot be written
        return None
    is_known = isinstance(form, Arithmetic | CornerNetworks)
    return None if is_known else f"export_form returns a {type(form).__name__}; Arithmetic or CornerNetworks is due"


def samples_x(method: SamplesX, s: np.ndarray) -> str | None:
    """Require that the methods `partial` and `place` return tensors of the shapes that `Distribution` needs."""
    import torch

    k = method.integral_.k
    point, t = torch.as_tensor(s[:1], device=method.device), torch.rand(2, k, generator=torch.Generator())
    t = t.to(point)
    with torch.no_grad():
        found = method.partial(point, t, range(k), 0, t.new_tensor([0.2, 0.5, 0.8]))
        x, slopes = method.place(point, t)
    shapes = [tuple(tensor.shape) for tensor in (found, x, slopes)]
    due = [(2, 3), (2, k), (2, k)]
    return None if shapes == due else f"partial and place return tensors of shapes {shapes}; {due} are due"


def _problem_of_json(what: str, content: Any) -> str | None:
    """Say why a record cannot hold `content` as an object."""
    if not isinstance(content, dict):
        return f"{what} is a {type(content).__name__}; a dict is due"
    try:
        json.dumps(content, allow_nan=False)
        isolated_messages.encoded(Outcome("ok", result=content))
    except (TypeError, ValueError, RecursionError) as problem:
        return f"{what} holds what JSON does not: {problem}"
    return None


def _problem_of_array(what: str, array: Any, shape: tuple[int, ...]) -> str | None:
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fc":
        return f"{what} is a {type(array).__name__}; a NumPy array of floating-point numbers is due"
    return None if array.shape == shape else f"{what} has the shape {array.shape}; {shape} is due"


PROTOCOL_CHECKS: dict[Any, Callable[[Any, np.ndarray], str | None]] = {
    TrainsInUpdates: counts_updates,
    ReportsSetup: reports_seconds,
    ReportsDetails: reports_details,
    Diagnosable: diagnoses,
    LearnsFromLabels: names_its_labels,
    GivesLabelGradients: gives_label_gradients,
    HasGradient: gives_gradient,
    Exportable: exports,
    HasReplicas: gives_replicas,
    SamplesX: samples_x,
}
"""Each Protocol of `methods.base` with its check."""
