"""Self-scaled BFGS: where it ends, in which precision, and what its numbers repeat."""

from __future__ import annotations

import pytest
import torch

from methods.core.budget import Clock
from methods.surrogates.quasi_newton import minimise


def rosenbrock(x):
    """Σ_i 100 (x_{i+1} − x_i²)² + (1 − x_i)², at its minimum 0 for ones."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def minimised(loss, start, n_iterations=None, score=None):
    looks = []
    score = score or (lambda x: float(loss(x)))
    found = minimise(loss, start, n_iterations, Clock(None), score=score, look=lambda: looks.append(1))
    return found, len(looks)


@pytest.mark.parametrize("n", [2, 10])
def test_the_minimum_of_a_curved_valley(n):
    found, _ = minimised(rosenbrock, torch.full((n,), -0.5, dtype=torch.float64))
    torch.testing.assert_close(found.x, torch.ones(n, dtype=torch.float64), rtol=0, atol=1e-7)
    assert found.n_iterations < 1000


def test_float64_begins_where_rounding_ends_float32():
    seen = []

    def loss(x):
        seen.append(x.dtype)
        return rosenbrock(x)

    minimised(loss, torch.zeros(4, dtype=torch.float64), score=lambda x: float(rosenbrock(x)))
    change = seen.index(torch.float64)
    assert change > 10
    assert set(seen[change:]) == {torch.float64}


def test_the_inverse_of_the_hessian_is_learnt():
    """On a quadratic function of n variables it takes little more than n iterations, whatever the condition number."""
    curvature = torch.logspace(0, 4, 8, dtype=torch.float64)
    found, _ = minimised(lambda x: (curvature.to(x.dtype) * x * x).sum() / 2, torch.ones(8, dtype=torch.float64), 60)
    assert found.score < 1e-8


def test_the_best_point_counts_and_a_number_repeats_it():
    start = torch.full((3,), -1.0, dtype=torch.float64)
    worse_later = minimised(rosenbrock, start, 50, score=lambda x: float((x - start).norm()))[0]
    torch.testing.assert_close(worse_later.x, start)
    first, n_looks = minimised(rosenbrock, start, 50)
    second, _ = minimised(rosenbrock, start, first.n_iterations)
    assert (first.n_iterations, n_looks) == (50, 3)  # after 20, 40 and 50
    torch.testing.assert_close(second.x, first.x, rtol=0, atol=0)


def test_no_iterations_and_no_time_leave_the_start():
    start = torch.tensor([0.5, 0.5], dtype=torch.float64)
    assert minimised(rosenbrock, start, 0)[0].n_iterations == 0
    late = minimise(rosenbrock, start, None, Clock(-1.0), score=lambda x: 0.0, look=lambda: None)
    torch.testing.assert_close(late.x, start)


def test_a_loss_that_is_not_finite_ends_the_line_search_and_not_the_run():
    found, _ = minimised(lambda x: (x - x.log()).sum(), torch.tensor([0.01, 5.0], dtype=torch.float64))
    torch.testing.assert_close(found.x, torch.ones(2, dtype=torch.float64), rtol=0, atol=1e-7)
