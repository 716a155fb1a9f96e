"""A complex number as two real ones, as networks have it: real part and imaginary part are outputs of their own.

Both are standardised together, by a complex mean and one standard deviation in the plane, so that the loss measures the
distance |ΔI| whatever its phase. Errors are such distances too: √(σ_Re² + σ_Im²).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def parts(values: Any) -> list[Any]:
    """List the real and the imaginary part of complex values, an array or a tensor; real values alone."""
    is_complex = values.is_complex() if isinstance(values, torch.Tensor) else np.iscomplexobj(values)
    return [values.real, values.imag] if is_complex else [values]


def joined(outputs: torch.Tensor) -> torch.Tensor:
    """Make values (n,) of one or two outputs (n_out, n), as `parts` lists them, in float64 or complex128."""
    return torch.complex(*outputs.double()) if len(outputs) == 2 else outputs[0].double()
