"""The degree at which to cut the mean of several estimates of one complex Chebyshev series, so that it errs least.

What is cut off is lost, what is kept is noisy. The estimates tell both: of their mean c and variance v (of one),
|c|² − v/n is an unbiased estimate of the square that a cut loses, and v/n is the noise that stays otherwise; the degree
that minimises their sum is that of Mallows's C_p (Technometrics 15 (1973) 661).
"""

from __future__ import annotations

import torch

from methods.core import chebyshev_series


def best_degree(estimates: torch.Tensor, n_variables: int, lowest: int, highest: int) -> int:
    """Return the total degree up to which to keep the mean of the estimates, so that it errs least.

    Parameters
    ----------
    estimates : tensor (count, n)
        Complex coefficients of `chebyshev_series.products` up to the total degree `highest`, by n independent
        estimates; one estimate alone is not cut.
    n_variables : int
        Number of variables of the series.
    lowest : int
        Degree to keep in any case.
    highest : int
        Total degree of the estimates.
    """
    n = estimates.shape[1]
    if n == 1:
        return highest
    mean = estimates.mean(dim=1)
    noise = (estimates - mean[:, None]).abs().square().sum(dim=1) / (n * (n - 1))
    signal = mean.abs().square() - noise
    sizes = [chebyshev_series.count(n_variables, degree) for degree in range(highest + 1)]
    totals = [slice(low, high) for low, high in zip([0, *sizes], sizes, strict=False)]

    def risk(degree: int) -> float:
        lost, kept = totals[degree + 1 :], totals[: degree + 1]
        return sum(float(signal[part].sum()) for part in lost) + sum(float(noise[part].sum()) for part in kept)

    return min(range(lowest, highest + 1), key=risk)
