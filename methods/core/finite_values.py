"""Values of I(s) that are numbers: a formula may have none for some s, as log(s1 - x1) where s1 is below 1."""

from __future__ import annotations

import numpy as np

from methods.core.errors import InputError
from methods.core.integral import ParametricIntegral


def finite(value: np.ndarray, s: np.ndarray, integral: ParametricIntegral) -> np.ndarray:
    """Return the values (n,) of a direct method at s (n, m) as they are.

    Raises
    ------
    InputError
        Where the integral is real, and a value is infinite or NaN: the message names the first such point.
    """
    bad = np.flatnonzero(~np.isfinite(value))
    if len(bad) and not integral.is_complex:
        row = bad[0]
        at = ", ".join(f"{name} = {x:.6g}" for name, x in zip(integral.parameters, s[row], strict=True))
        raise InputError(
            f"{integral.name} is {value[row]} at {at}; give an integrand that is real and finite inside the "
            "cube, for all s of the box."
        )
    return value
