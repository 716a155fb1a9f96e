"""Tables of an ensemble: each replica has its own values, by the kernel and by products of matrices."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from methods.tables import cpu_polynomial, replica_tables
from methods.tables.coordinates import Coordinates, Target

LOW, HIGH = np.array([1.0, 1.0]), np.array([2.0, 3.0])


def exact(s: np.ndarray, replica: int) -> np.ndarray:
    return (1 + 0.01 * replica) / (s[:, 0] * (s[:, 0] + s[:, 1]))


def fitted(n_terms: int, n_points: int = 300):
    """Return the tables of two replicas that have points of their own."""
    coordinates = Coordinates(LOW, HIGH, np.array([0.0, -1.0]))
    u, value = [], []
    for replica in range(2):
        s = np.random.default_rng(replica).uniform(LOW, HIGH, (n_points, 2))
        u.append(coordinates.u(torch.as_tensor(s)))
        value.append(exact(s, replica))
    return replica_tables.fitted(coordinates, 2, u, value, n_terms, "cpu")


S = np.random.default_rng(7).uniform(LOW, HIGH, (50, 2))


@pytest.mark.parametrize("has_kernel", [True, False])
def test_each_replica_has_its_values(has_kernel, monkeypatch):
    if not has_kernel:
        monkeypatch.setattr(cpu_polynomial, "library", lambda: None)
    found = fitted(100)(torch.as_tensor(S)).numpy()
    np.testing.assert_allclose(found, [exact(S, 0), exact(S, 1)], rtol=1e-6)


def test_more_terms_are_more_digits():
    errors = [np.abs(fitted(n)(torch.as_tensor(S)).numpy()[0] / exact(S, 0) - 1).max() for n in (10, 30, 60)]
    assert errors[2] < 0.1 * errors[1] < 0.01 * errors[0]


def test_values_of_both_signs_are_their_own_target():
    coordinates = Coordinates(LOW, HIGH, np.array([0.0, -1.0]))
    s = np.random.default_rng(0).uniform(LOW, HIGH, (100, 2))
    tables = replica_tables.fitted(coordinates, 2, [coordinates.u(torch.as_tensor(s))], [s[:, 0] - 1.5], 45, "cpu")
    assert tables.target == Target(0, 0, pytest.approx(0.25, abs=0.05))
    np.testing.assert_allclose(tables(torch.as_tensor(S))[0], S[:, 0] - 1.5, atol=2e-3)
