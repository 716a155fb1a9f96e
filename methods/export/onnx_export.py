"""Fitted methods for other programs: I(s) as an ONNX file, which C++ event generators run by onnxruntime.

    from methods.export.onnx_export import export
    primitive = methods.create("neural_primitive").fit(integral, budget=60)
    export(primitive, "box1l.onnx")

The file takes s (n, m) and gives value (n,), or (n, 2) where it is complex, error (n,) and gradient (n, m), those that
the method has. Outside the box the value is an extrapolation, and the error nan. Its metadata name the box, in JSON:
method, integral, parameters, low, high, and about, what any exported file says of itself. All n points are computed at
once: of a deep network, 2^k · width numbers for each, so call it with batches.

It agrees with `integrate`, relative to the largest value, to 1e-10 in float64 and to 1e-4 in float32. In float64 these
agree less, since `integrate` computes their networks in float32: `dense_mlp`, `skip_mlp`, `deep_ensemble`,
`bayesian_mlp` and `differential_mlp` to 1e-6, and `published_primitive` with precision="float32" to 1e-4.

Why not `torch.onnx.export` (tried with torch 2.13): its exporter needs the package onnxscript, which is not in the
lock, and its predecessor, which warns that it will be removed, gives graphs that onnxruntime 1.31 refuses: cos(j arccos
z) in float64 has no kernel, chunks of the corner sum become splits of one fixed length, and the float64 erfc of gelu is
not translated. Both evaluations would have to be written once more for it; what would go is `onnx_graph.py`.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import sympy

from methods.base import Exportable, InputError, Method, ParametricIntegral
from methods.core.arithmetic import Arithmetic
from methods.core.expression import compile_for_arrays
from methods.core.names import unknown
from methods.deep.activations import ACTIVATIONS, Activation
from methods.deep.corner_networks import CornerNetworks
from methods.deep.network import PrimitiveNetwork
from methods.export import onnx_writer
from methods.export.description import describe
from methods.export.onnx_graph import Graph, Value
from methods.primitives.ensemble import PRECISIONS, UNCERTAINTIES


def export(method: Method, path: Any, dtype: str = "float64") -> None:
    """Write a fitted method to `path`, for calculations in a dtype, "float64" or "float32".

    Raises
    ------
    InputError
        For a method without an export form, another dtype, an activation that ONNX does not know, a function that
        onnxruntime computes in float32 only, or where onnx is not installed; for `published_primitive` with
        normalisation="centre" also for an integral that is a Python function.
    """
    if not isinstance(method, Exportable) or not callable(method.export_form):
        raise InputError(f"{method.name} cannot be exported: its value is no short arithmetic of s.")
    if dtype not in PRECISIONS:
        raise unknown("dtype", dtype, PRECISIONS)
    fitted: Any = method
    integral: ParametricIntegral = fitted.integral_
    graph, form = Graph(dtype), method.export_form()
    if isinstance(form, Arithmetic):
        onnx_writer.write(graph, form, integral.low, integral.high)
    else:
        _write_networks(graph, fitted, form)
    metadata = {"method": method.name, "integral": integral.name, "parameters": integral.parameters}
    box = {"low": integral.low, "high": integral.high, "about": describe(method).lines()}
    graph.save(path, {key: json.dumps(value) for key, value in (metadata | box).items()})


def _write_networks(graph: Graph, primitive: Any, form: CornerNetworks) -> None:
    """Record value and error of a method whose value is a corner sum."""
    integral = primitive.integral_
    s = graph.input("s", integral.m)
    replicas = _networks(form, integral, s)
    mean = sum(replicas[1:], replicas[0]) * (1 / len(replicas))
    graph.output("value", mean)
    error = _spread(replicas, mean) * UNCERTAINTIES[primitive.uncertainty](len(replicas))
    graph.output("error", onnx_writer.in_box_only(error, s, integral.low, integral.high))


def _spread(replicas: list[Value], mean: Value) -> Value:
    if len(replicas) == 1:
        return mean * float("nan")
    squares = [(replica - mean) * (replica - mean) for replica in replicas]
    return Functions().sqrt(sum(squares[1:], squares[0]) * (1 / (len(replicas) - 1)))


# ----- published_primitive: networks at the corners -------------------------------------------------------------------


def _networks(form: CornerNetworks, integral: ParametricIntegral, s: Value) -> list[Value]:
    """Estimate I(s) by each network."""
    scaled = form.scaled(s)
    factor = form.factor * (_at_centre(integral, s) if form.times_centre else 1.0)
    return [corner_sum(network, scaled) * factor for network in form.networks]


def _at_centre(integral: ParametricIntegral, s: Value) -> Any:
    """Return f(s, ½)."""
    if integral.expression is None:
        raise InputError(
            f"{integral.name} is a Python function, so that f(s, 1/2) cannot be exported; "
            'define it by from_expression, or fit with normalisation="none".'
        )
    expression = integral.expression
    half = expression.full.subs({x: sympy.Rational(1, 2) for x in expression.variables})
    columns = [s.take(i, axis=1) for i in range(integral.m)]
    return compile_for_arrays(expression.parameters, [half])(Functions(), *columns)[0]


def corner_sum(network: PrimitiveNetwork, s: Value) -> Value:
    """Record `methods.deep.network.corner_sum` for s (n, m): (n,)."""
    weights = {name: value.cpu().numpy() for name, value in network.state_dict().items()}
    corners, signs = network.corners.cpu().numpy(), network.signs.cpu().numpy()
    k = network.k
    from_corners = corners @ weights["first.weight"][:, :k].T
    from_s = s @ weights["first.weight"][:, k:].T + weights["first.bias"]
    z = s.graph.apply("Unsqueeze", from_s, np.array([1])) + from_corners
    for layer in range(len(network.hidden)):
        a = _activated(network.activation, z)
        z = a @ weights[f"hidden.{layer}.weight"].T + weights[f"hidden.{layer}.bias"]
    a = _activated(network.activation, z) @ weights["last.weight"].T
    return s.graph.apply("ReduceSum", a * signs[:, None], np.array([1, 2]), keepdims=0)


def _activated(phi: Activation, z: Value) -> Value:
    if phi.formula is None:
        known = ", ".join(name for name, entry in ACTIVATIONS.items() if entry.formula)
        raise InputError(f"The activation {phi.name} has no formula to export; fit a network with one of {known}.")
    functions = Functions()
    names = {name: getattr(functions, name) for name in ("exp", "tanh", "erfc", "log1p", "sin", "abs", "positive")}
    base = eval(phi.formula, {"__builtins__": {}}, names | {"T": float, "z": z})
    return phi.tower(z, [base], 0)[0]


class Functions:
    """Functions of values by the names that NumPy and C++ give them."""

    def __getattr__(self, name: str) -> Any:
        return lambda value: value.graph.apply(name.capitalize(), value)

    def erfc(self, value: Value) -> Value:
        """Return 1 − erf."""
        return 1.0 - value.graph.apply("Erf", value)

    def log1p(self, value: Value) -> Value:
        """Return log(1 + value)."""
        return value.graph.apply("Log", 1.0 + value)

    def positive(self, value: Value) -> Value:
        """Return the value where it is positive, else 0."""
        return value.graph.apply("Relu", value)
