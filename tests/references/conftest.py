"""What tests of true values share: a check whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from methods.base import Estimate
from references.values import second_opinions, tabulation_tasks


@pytest.fixture
def checked_by_closed_form(monkeypatch):
    """Return a function that lets plans check an integral by its closed form up to honest errors."""

    def known(integral, spread=1e-9, seed=0):
        def values(s):
            noise = np.random.default_rng([seed, len(s)]).normal(size=len(s))
            value = integral.exact(s)
            return Estimate(value * (1 + spread * noise), spread * value, 0)

        checker = second_opinions.Checker(values, "the closed form", {"compile": 1.5})
        monkeypatch.setattr(
            second_opinions, "CHECKERS", {**second_opinions.CHECKERS, "closed_form": lambda _integral, _epsrel: checker}
        )
        tabulation_tasks.prepared_checker.cache_clear()

    return known
