"""Networks as steps that other programs can take (`methods/core/arithmetic.py`)."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from torch import nn

from methods.core.arithmetic import Arithmetic, Rows
from methods.core.errors import InputError
from methods.core.integral import ParametricIntegral
from methods.core.node_factors import node_factors
from methods.surrogates.skip_network import Block, Elementwise
from methods.surrogates.targets import Target


def scaled(arithmetic: Arithmetic, s: Rows, integral: ParametricIntegral) -> Rows:
    """List the steps that map s from the box to [−1, 1], by the coordinates in which it is drawn."""
    low, high = np.array(integral.low), np.array(integral.high)
    if integral.draw == "log-uniform":
        ratio = arithmetic.apply("log", arithmetic.scale(s, 1 / low))
        return arithmetic.scale(ratio, 2 / np.log(high / low), -1.0)
    return arithmetic.scale(s, 2 / (high - low), -2 * low / (high - low) - 1)


def network(arithmetic: Arithmetic, x: Rows, layers: Iterable[nn.Module]) -> Rows:
    """List the steps of linear layers, activations and blocks with skip connections, in their order."""
    for layer in layers:
        x = STEPS[type(layer)](arithmetic, x, layer)
    return x


def dense(arithmetic: Arithmetic, x: Rows, layers: Iterable[tuple[Any, Any]], activation: str) -> Rows:
    """List the steps of layers with weights (n_out, n_in) and biases (n_out,), the last one without activation."""
    *hidden, last = layers
    for weights, bias in hidden:
        x = arithmetic.apply(activation, arithmetic.affine(x, weights, bias))
    return arithmetic.affine(x, *last)


def with_slope(arithmetic: Arithmetic, x: Rows, layers: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[Rows, Rows]:
    """List the steps of a network with tanh and one output, and of its derivatives in x (x.n rows)."""
    slopes, h = [], x
    for weights, bias in layers[:-1]:
        h = arithmetic.apply("tanh", arithmetic.affine(h, weights, bias))
        slopes.append(arithmetic.scale(arithmetic.apply("square", h), -1.0, 1.0))
    found = arithmetic.scale(slopes[-1], layers[-1][0][0])
    for (weights, _), before in zip(layers[-2:0:-1], slopes[-2::-1], strict=True):
        found = arithmetic.multiply(arithmetic.affine(found, weights.T), before)
    return arithmetic.affine(h, *layers[-1]), arithmetic.affine(found, layers[0][0].T)


def _linear(arithmetic: Arithmetic, x: Rows, layer: nn.Linear) -> Rows:
    bias = 0.0 if layer.bias is None else layer.bias.detach().cpu().numpy()
    return arithmetic.affine(x, layer.weight.detach().cpu().numpy(), bias)


def _block(arithmetic: Arithmetic, x: Rows, block: Block) -> Rows:
    hidden = network(arithmetic, x, [block.first, block.activation, block.second, block.activation, block.third])
    return arithmetic.apply(block.activation.name, arithmetic.add(hidden, network(arithmetic, x, [block.skip])))


STEPS: dict[type, Any] = {
    nn.Linear: _linear,
    nn.Identity: lambda arithmetic, x, layer: x,
    Elementwise: lambda arithmetic, x, layer: arithmetic.apply(layer.name, x),
    Block: _block,
}
"""The steps of each kind of layer."""


def decoded(arithmetic: Arithmetic, s: Rows, y: Rows, target: Target) -> tuple[Rows, Rows]:
    """List the steps of `Target.decode`: I(s), two rows where y has two, and |dI/dy|, a row."""
    divisor = _at_centre(arithmetic, s, target.integral) if target.centred else None
    if not target.logarithmic:
        if divisor is None:
            return y, arithmetic.scale(arithmetic.take(y, [0]), 0.0, 1.0)
        return arithmetic.multiply(y, divisor), arithmetic.apply("abs", divisor)
    value = arithmetic.apply("exp", y)
    value = value if divisor is None else arithmetic.multiply(value, divisor)
    return value, arithmetic.apply("abs", value)


def _at_centre(arithmetic: Arithmetic, s: Rows, integral: ParametricIntegral) -> Rows:
    """List the steps of f(s, ½)."""
    parts = []
    for term in integral.terms:
        found = node_factors(term, np.full((1, integral.k), 0.5), np.ones(1))
        if found is None:
            raise InputError(
                f"f(s, 1/2) of {integral.name} cannot be exported, as it is no product of powers of polynomials affine "
                "in s; fit with target='log' or target='plain'."
            )
        parts.append(arithmetic.node_sum(s, *found))
    return functools.reduce(arithmetic.add, parts)
