"""Randomly shifted rank-1 lattices: the points {j z/n + Δ} in [0, 1)^d for j = 0 … n − 1.

notation: n = lattice size, z = generating vector, Δ = random shift, d = dimension, {·} = fractional part.
"""

from __future__ import annotations

import functools

import numpy as np
import torch

CANDIDATES = 64
"""Generating vectors compared; the criterion below changes by a few per cent only between 64 and 1,000."""


@functools.cache
def generating_vector(n: int, dimension: int) -> tuple[int, ...]:
    """Return the best of some vectors of Korobov's form z = (1, a, a², …) mod n.

    The criterion is the squared worst-case error in the Korobov space of smoothness 2 (Sloan & Joe, Lattice Methods for
    Multiple Integration, 1994, eq. 4.8), a mean over the points of Π_i (1 + 2π² B_2({j z_i/n})).
    """
    j = np.arange(n)
    multipliers = np.random.default_rng(n).integers(1, max(n, 2), size=CANDIDATES)

    def vector(a: int) -> list[int]:
        z = [1]
        for _ in range(dimension - 1):
            z.append(z[-1] * int(a) % n)
        return z

    def worst_case(z: list[int]) -> float:
        product = np.ones(n)
        for z_i in z:
            t = j * z_i % n / n
            product *= 1 + 2 * np.pi**2 * (t * t - t + 1 / 6)
        return float(product.mean())

    vectors = [vector(int(a)) for a in multipliers]
    return tuple(vectors[int(np.argmin([worst_case(z) for z in vectors]))])


def unshifted(n: int, dimension: int, *, dtype: torch.dtype, device: str) -> torch.Tensor:
    """Return the lattice (n, d) without a shift; computed in float64, since float32 would blur j z/n."""
    z = np.array(generating_vector(n, dimension))
    return torch.as_tensor(np.arange(n)[:, None] * z % n / n, dtype=dtype, device=device)
