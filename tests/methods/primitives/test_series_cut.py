"""Where a series that several estimates agree on is cut."""

from __future__ import annotations

import torch

from methods.core import chebyshev_series
from methods.primitives.series_cut import best_degree

N_VARIABLES, DEGREE = 2, 6


def estimates(last: int, noise: float) -> torch.Tensor:
    """Draw 8 estimates of a series whose coefficients are 1j up to the degree `last`, and zero beyond."""
    generator = torch.Generator().manual_seed(0)
    count = chebyshev_series.count(N_VARIABLES, DEGREE)
    series = torch.zeros(count, 1, dtype=torch.complex128)
    series[: chebyshev_series.count(N_VARIABLES, last)] = 1j
    return series + noise * torch.randn(count, 8, generator=generator, dtype=torch.complex128)


def test_noise_is_cut_off_and_signal_is_kept():
    for last in (1, 3, 5):
        assert best_degree(estimates(last, 0.1), N_VARIABLES, 0, DEGREE) == last


def test_the_lowest_degree_stays_and_one_estimate_is_not_cut():
    assert best_degree(estimates(1, 0.1), N_VARIABLES, 4, DEGREE) == 4
    assert best_degree(estimates(1, 0.1)[:, :1], N_VARIABLES, 0, DEGREE) == DEGREE
