"""Where torch can compute, and when it has done so."""

from __future__ import annotations

import torch

from methods.core.errors import InputError


def check(name: str, device: str) -> None:
    """Raise InputError, in a sentence, where torch cannot use the `device` of the method `name` on this machine."""
    try:
        torch.empty(0, device=device)
    # torch's own kind of error depends on the device and on what it was built with.
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as problem:
        reason = str(problem).partition("\n")[0]
        raise InputError(f"{name}.device is {device!r}, which torch cannot use here: {reason}") from problem


def synchronise(device: torch.device) -> None:
    """Wait until a device has done what it was told, as a clock must before it is read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
