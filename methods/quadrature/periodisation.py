"""Changes of variables t -> x on [0, 1] that make an integrand periodic, as lattice rules want it.

    ∫ f(x) dx = ∫ f(x(t)) x'(t) dt

identity    leaves it as it is: a lattice then converges as n^-1 only
tent        x = 1 − |2t − 1|: continuous, n^-2 (Hickernell, in: MCQMC 2000, Springer 2002, 274)
korobov     x'(t) = t^α (1 − t)^α / B(α + 1, α + 1), of weight α: it vanishes at both ends with α − 1 derivatives, and
            the lattice converges as n^-(α+1), where n is large enough: the variance grows by
            (B(2α + 1, 2α + 1)/B(α + 1, α + 1)²)^k (Korobov 1963; Sloan & Joe 1994, section 2.12)

The weight is the exponent α, as in pySecDec, where "korobov3" is α = 3. The `korobov3` of
`methods/quadrature/transforms.py` (and JHEP eq. 2.24), x = t²(3 − 2t), has degree three and is α = 1 here.

notation: α = weight, B = Euler's beta function.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

Periodisation = Callable[[torch.Tensor, int], tuple[torch.Tensor, torch.Tensor]]


def identity(t: torch.Tensor, weight: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Keep x = t; the weight is not used."""
    return t, torch.ones_like(t)


def tent(t: torch.Tensor, weight: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Map by x = 1 − |2t − 1|, whose two halves each cover [0, 1] at density 1/2; the weight is not used."""
    return 1 - (2 * t - 1).abs(), torch.ones_like(t)


def korobov(t: torch.Tensor, weight: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Map by the Korobov transform of weight α: x is written as a sum of positive terms, which keeps all digits."""
    degree = 2 * weight + 1
    x = torch.zeros_like(t)
    for i in range(weight + 1, degree + 1):
        x += math.comb(degree, i) * t**i * (1 - t) ** (degree - i)
    return x, degree * math.comb(2 * weight, weight) * (t * (1 - t)) ** weight


PERIODISATIONS: dict[str, Periodisation] = {"identity": identity, "tent": tent, "korobov": korobov}
"""By the name that methods' fields use; each takes t and α, and returns x and x'(t)."""
