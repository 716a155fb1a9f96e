"""Values of I(s) that are numbers: a formula may have none for some s, as log(s1 - x1) where s1 is below 1.

Above threshold the poles lie on the real cube, and the nodes on a contour that leaves it, so that there, too, a value
that is infinite or NaN comes from the formula, as from 1/m where m is 0. That is not certain where `learned_contour`
finds none but contours that a zero of F refutes, and takes one of them.
"""

from __future__ import annotations

import numpy as np

from methods.core.errors import InputError
from methods.core.integral import ParametricIntegral


def finite(value: np.ndarray, s: np.ndarray, integral: ParametricIntegral, remark: str = "") -> np.ndarray:
    """Return the values (n,) of a direct method at s (n, m) as they are.

    Raises
    ------
    InputError
        Where a value is infinite or NaN: the message names the first such point, followed by `remark`.
    """
    bad = np.flatnonzero(~np.isfinite(value))
    if len(bad):
        row = bad[0]
        at = ", ".join(f"{name} = {x:.6g}" for name, x in zip(integral.parameters, s[row], strict=True))
        wanted = "finite away from its poles" if integral.is_complex else "real and finite inside the cube"
        raise InputError(
            f"{integral.name} is {value[row]} at {at}{remark}; give an integrand that is {wanted}, for all s of the "
            "box."
        )
    return value
