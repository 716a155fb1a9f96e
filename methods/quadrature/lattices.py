"""Rank-1 lattices: the points {j z/n} in [0, 1)^d for j = 0 … n − 1, and good generating vectors z for them.

`generating_vector` builds z for n = 2^m points, one component after the other, each so that it minimises the squared
worst-case error in the Korobov space of smoothness 2, which is the mean over the points of

    Π_i (1 + ω({j z_i/n})) − 1,    ω(t) = 2 Σ_{h≥1} cos(2πht)/h⁴ = −((2π)⁴/24) B_4(t)

(Sloan & Joe, Lattice Methods for Multiple Integration, 1994, section 4.3). The candidates are the odd numbers mod n,
which are ±5^a, so that with j = 2^l 5^b the sum over j is a convolution over b for each l: fast Fourier transforms find
the best candidate in O(n log n) (Nuyens & Cools, Math. Comp. 75, 2006, 903; J. Complexity 22, 2006, 4).

Why not a published table: embedded vectors, good for many n at once, are often made for two-dimensional projections.
The one of Cools, Kuo & Nuyens (SIAM J. Sci. Comput. 28, 2006, 2162) has in k = 3 a worst-case error that falls by a
factor of 1.6 only from n = 2^10 to 2^16 (here 1,700); on box1l with 2^14 points and a Korobov transform of weight 3 one
shift then errs by 3e-6, against 1e-11 with the vector from here.

`powers` finds a z of Korobov's form (1, a, a², …) for any n: networks are trained on lattices whose sizes the papers
print, such as 100,000 points, and which need not be the best.

notation: n = lattice size, z = generating vector, {·} = fractional part, B_4 = Bernoulli polynomial.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

MULTIPLIERS = 64
"""Candidates a of `powers`; its criterion changes by a few per cent only between 64 and 1,000."""


@functools.cache
def generating_vector(n: int, dimension: int) -> tuple[int, ...]:
    """Return the generating vector of n = 2^m points, `dimension` odd numbers below n.

    Takes 0.02 s for 2^16 points and 2 s for 2^22 at dimension 6. The first components do not depend on `dimension`.
    """
    kernel = _kernel(np.arange(n) / n)
    candidates = _powers_of_five(n)
    levels = list(_levels(n, kernel, candidates))
    product = np.ones(n)
    vector: list[int] = []
    for _ in range(dimension):
        z = int(candidates[np.argmin(_sums(levels, product, len(candidates)))]) if vector else 1
        product *= 1 + kernel[np.arange(n) * z % n]
        vector.append(z)
    return tuple(vector)


@functools.cache
def powers(n: int, dimension: int) -> tuple[int, ...]:
    """Find the best of some vectors z = (1, a, a², …) mod n, for any n.

    The criterion is the squared worst-case error in the Korobov space of smoothness 1 (Sloan & Joe, eq. 4.8), a mean
    over the points of Π_i (1 + 2π² B_2({j z_i/n})).
    """
    j = np.arange(n)

    def vector(a: int) -> tuple[int, ...]:
        return tuple(pow(a, i, n) if i else 1 for i in range(dimension))

    def worst_case(z: tuple[int, ...]) -> float:
        product = np.ones(n)
        for z_i in z:
            t = j * z_i % n / n
            product *= 1 + 2 * np.pi**2 * (t * t - t + 1 / 6)
        return float(product.mean())

    multipliers = np.random.default_rng(n).integers(1, max(n, 2), size=MULTIPLIERS)
    return min((vector(int(a)) for a in multipliers), key=worst_case)


def points(z: tuple[int, ...], n: int) -> np.ndarray:
    """Return the lattice's points (n, d) without a shift, in float64: float32 would blur j z/n."""
    return np.arange(n)[:, None] * np.array(z) % n / n


def _kernel(t: np.ndarray) -> np.ndarray:
    return -((2 * np.pi) ** 4) / 24 * (t**4 - 2 * t**3 + t**2 - 1 / 30)


def _powers_of_five(n: int) -> np.ndarray:
    """Return 5^a mod n for a = 0 … n/4 − 1: with their negatives, which give the same ω, all the odd numbers."""
    powers = np.ones(1, dtype=np.int64)
    while len(powers) < n // 4:
        powers = np.concatenate([powers, powers * pow(5, len(powers), n) % n])
    return powers


def _levels(n: int, kernel: np.ndarray, candidates: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield for j = 2^l × odd the positions of these j, and the transform of ω there; others see all z alike."""
    step = 1
    while n // step >= 4:
        size = n // step
        positions = step * (candidates[: size // 4] % size)
        yield positions, np.fft.rfft(kernel[positions])
        step *= 2


def _sums(levels: list[tuple[np.ndarray, np.ndarray]], product: np.ndarray, n_candidates: int) -> np.ndarray:
    """Return Σ_j product_j ω({j z/n}) for every candidate z, up to a constant and a factor 2 (j and −j)."""
    total = np.zeros(n_candidates)
    for positions, transformed in levels:
        size = len(positions)
        correlation = np.fft.irfft(np.conj(np.fft.rfft(product[positions])) * transformed, size) if size > 1 else 0.0
        total.reshape(-1, size)[:] += correlation
    return total
