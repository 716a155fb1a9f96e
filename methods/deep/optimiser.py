"""Adam for a deep primitive, and its learning rate: on a CPU as PyTorch has it, on a GPU without waiting for the host.

On a GPU one kernel updates all weights (PyTorch's `fused`), and the learning rate is a number there: what sets it from
the loss, or reads it for the update, stays on the device, and the host goes on to the next update meanwhile.

Paper: Kingma & Ba, *Adam*, ICLR 2015.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch

Make = Callable[[Iterable[torch.nn.Parameter], float], torch.optim.Adam]


def on_cpu(parameters: Iterable[torch.nn.Parameter], learning_rate: float) -> torch.optim.Adam:
    """Make PyTorch's default, tensor by tensor, with the learning rate on the host."""
    return torch.optim.Adam(parameters, lr=learning_rate)


def on_gpu(parameters: Iterable[torch.nn.Parameter], learning_rate: float) -> torch.optim.Adam:
    """Make the fused one, with the learning rate where the weights are."""
    weights = list(parameters)
    # The kernel reads it as float32, whatever the weights are.
    rate = torch.full((), learning_rate, dtype=torch.float32, device=weights[0].device)
    return torch.optim.Adam(weights, lr=rate, fused=True)


MAKERS: dict[str, Make] = {"cpu": on_cpu}
"""Kind of device -> how to make the optimiser there; `on_gpu` on all others."""


def adam(parameters: Iterable[torch.nn.Parameter], learning_rate: float, device: str) -> torch.optim.Adam:
    """Make the optimiser of weights that lie on `device`, as torch names it."""
    return MAKERS.get(torch.device(device).type, on_gpu)(parameters, learning_rate)


def rate(optimiser: torch.optim.Optimizer) -> float | torch.Tensor:
    """Give the learning rate: a number on the host, or a tensor on the device."""
    found: float | torch.Tensor = optimiser.param_groups[0]["lr"]
    return found


def set_rate(optimiser: torch.optim.Optimizer, value: float | torch.Tensor) -> None:
    """Set the learning rate, where it is kept on the device without waiting for that."""
    held = rate(optimiser)
    if not isinstance(held, torch.Tensor):
        optimiser.param_groups[0]["lr"] = float(value)
    elif isinstance(value, torch.Tensor):
        held.copy_(value)
    else:
        held.fill_(value)
