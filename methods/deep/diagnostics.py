"""How the training of a primitive stands, layer by layer: the figures of the thesis.

For each hidden layer, over points (s, t) that training never sees, with a the layer's output:

- mean and spread of a, of ∂²a/∂t1∂t2 and of the mixed-derivative activation α = ∂^k a/∂t1…∂tk (figures 14, 16, 20),
- the share of dead nodes, those whose α hardly depends on the point (sections 5.3 and 5.4),
- the spread of the back-propagated gradients of its weights in the last update (figures 18, 19);

and, of the whole: the validation loss (figure 9), the loss of the last update and the learning rate (figure 8); where
the method has labels, mean and spread of the digits that the weights in training have there (figures 9 and 15).

Paper: Bentley, MPhys thesis, Durham 2024, section 5.

notation: a, α, t as above; nodes = neurons of a layer; spread = standard deviation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from methods.deep import cpu_derivative, nilpotent
from methods.deep.optimiser import rate

if TYPE_CHECKING:
    from methods.deep.network import PrimitiveNetwork
    from methods.deep.training import Replica

POINTS = 2048
"""Points that means and spreads are taken over: enough for two digits, and 0.1 s for a network of 10 × 60 (k = 3)."""

DEAD = 0.01
"""A node is dead where the spread of its α is below this share of the root mean square of its layer's spreads. The
thesis gives no number."""


def figures_of_training(replica: Replica) -> dict[str, Any]:
    """Return the figures for a replica in training as values that JSON can hold; None stands for what is not finite."""
    batch = replica.validation()
    choice = torch.linspace(0, len(batch.t) - 1, min(POINTS, len(batch.t)), device=batch.t.device).long()
    layers = of_layers(replica.network, batch.s[choice], batch.t[choice])
    for layer, gradients in zip(layers, of_gradients(replica.network), strict=True):
        layer["gradient_std"] = gradients
    figures = {
        "learning_rate": float(rate(replica.optimiser)),
        "loss": float(replica.loss),
        "validation_loss": replica.validation_loss(),
    }
    if (errors := replica.label_errors()) is not None:
        figures |= {"label_digits_mean": -float(errors.mean()), "label_digits_std": float(errors.std())}
    return _finite(figures) | {"layers": [_finite(layer) for layer in layers]}


def of_layers(network: PrimitiveNetwork, s: torch.Tensor, t: torch.Tensor) -> list[dict[str, float]]:
    """Return mean and spread of a, ∂²a/∂t1∂t2 (where k > 1) and α for each hidden layer, and its share of dead nodes.

    Parameters
    ----------
    network : PrimitiveNetwork
        The network.
    s, t : torch.Tensor
        Its inputs, (n, m) and (n, k).
    """
    with torch.no_grad():
        first_weight, first_bias, _, *hidden = cpu_derivative.weights(network)
        inputs = torch.cat([t, s], dim=1)
        outputs = nilpotent.layer_outputs(network.activation, network.k, inputs, first_weight, first_bias, *hidden)
        return [_figures(y, network.k) for y in outputs]


def of_gradients(network: PrimitiveNetwork) -> list[float]:
    """Return the spread of the gradients of each hidden layer's weights; nan before the first update."""
    layers = (network.first, *network.layers())
    return [math.nan if layer.weight.grad is None else float(layer.weight.grad.std()) for layer in layers]


def dead_share(alpha: torch.Tensor) -> float:
    """Return the share of dead nodes for α (n, nodes)."""
    spread = alpha.double().std(dim=0)
    return float((spread <= DEAD * spread.square().mean().sqrt()).double().mean())


def _figures(y: torch.Tensor, k: int) -> dict[str, float]:
    parts = {"activation": y[0], "mixed": y[-1]} | ({"second": y[3]} if k > 1 else {})  # bits 0 and 1: t1 and t2
    figures: dict[str, float] = {}
    for name, values in parts.items():
        figures |= {f"{name}_mean": float(values.mean()), f"{name}_std": float(values.std())}
    return figures | {"dead_share": dead_share(y[-1])}


def _finite(figures: dict[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}
