"""Whether stated errors are honest: neither smaller than the actual ones nor so large that they say nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

LARGEST_STATED = 30.0
"""How many times the actual error stated ones may be. Root mean square pulls of most methods in published records are
between 0.2 and 2, so that an error is found which became a hundred times too large."""


def assert_honest(pull: np.ndarray, within: Mapping[int, float], *, largest_stated: float = LARGEST_STATED) -> None:
    """Assert that the errors of values are what is stated of them.

    Parameters
    ----------
    pull : array
        Differences of values and truth in units of the stated errors, with a sign or as moduli.
    within : dict
        Number of stated errors -> share of the values, more than which has to lie within so many.
    largest_stated : float
        The root mean square pull is more than one over this number.
    """
    size = np.abs(pull)
    for n, share in within.items():
        found = np.mean(size < n)
        assert found > share, f"stated errors are too small: {found:.0%} of the values lie within {n} of them"
    rms = np.sqrt(np.mean(size**2))
    assert rms > 1 / largest_stated, f"stated errors are too large: the root mean square pull is {rms:.1g}"
