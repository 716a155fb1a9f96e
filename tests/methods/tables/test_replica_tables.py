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


def fitted(n_terms: int, n_points: int = 300, noise: float = 0.0, is_known: bool = True):
    """Return the tables of two replicas that have points of their own, and values with relative noise."""
    coordinates = Coordinates(LOW, HIGH, np.array([0.0, -1.0]))
    u, value, errors = [], [], []
    for replica in range(2):
        random = np.random.default_rng(replica)
        s = random.uniform(LOW, HIGH, (n_points, 2))
        u.append(coordinates.u(torch.as_tensor(s)))
        value.append(exact(s, replica) * (1 + noise * random.normal(size=n_points)))
        errors.append(exact(s, replica) * noise * random.normal(size=n_points) * is_known)
    return replica_tables.fitted(coordinates, 2, u, value, errors, n_terms, "cpu")


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
    u, value, noise = coordinates.u(torch.as_tensor(s)), s[:, 0] - 1.5, np.zeros(100)
    tables = replica_tables.fitted(coordinates, 2, [u], [value], [noise], 45, "cpu")
    assert tables.target == Target(0, 0, pytest.approx(0.25, abs=0.05))
    np.testing.assert_allclose(tables(torch.as_tensor(S))[0], S[:, 0] - 1.5, atol=2e-3)


def test_the_misfit_is_the_error_that_replicas_have_in_common():
    """At points that no fit has seen, of which few terms leave the same for each replica."""
    tables = fitted(15)
    value = np.array([exact(S, 0), exact(S, 1)])
    error = np.array([tables.target.error(of_replica, tables.misfit) for of_replica in value])
    pulls = (tables(torch.as_tensor(S)).numpy() - value) / error
    assert 0.4 < np.sqrt(np.mean(pulls**2)) < 2.5
    assert np.abs(pulls[0] - pulls[1]).mean() < 0.7 * np.abs(pulls).mean()


def test_known_noise_is_no_misfit():
    """Values of |I|^(-1/2) have half the relative noise of I."""
    known, unknown = (fitted(60, noise=1e-3, is_known=is_known).misfit for is_known in (True, False))
    y = np.array([fitted(60).target.encode(exact(S, 0))])
    assert unknown == pytest.approx(5e-4 * np.sqrt(np.mean(y**2)), rel=0.3)
    assert known < 0.7 * unknown
