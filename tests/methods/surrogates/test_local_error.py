"""The error that depends on the place: it finds the law that residuals were drawn from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from methods.surrogates import local_error


@pytest.mark.parametrize(("a", "b"), [(-9.0, 0.0), (-9.0, 3.0), (2.0, -1.0)])
def test_the_law_is_found(a, b):
    rng = np.random.default_rng(0)
    u = rng.uniform(-1, 1, (3, 4000))
    sigma = np.exp(a + b * (u**2).mean(axis=0))
    found = local_error.fit(u, rng.normal(size=4000) * sigma)
    np.testing.assert_allclose(local_error.evaluate(found, torch.as_tensor(u)).numpy(), sigma, rtol=0.12)


@pytest.mark.parametrize("residual", [0.0, np.inf, np.nan])
def test_strange_residuals_give_a_number(residual):
    found = local_error.fit(np.zeros((2, 10)), np.full(10, residual))
    assert local_error.evaluate(found, torch.zeros(2, 1)).isfinite().all()
