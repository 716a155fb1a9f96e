"""Networks with one hidden layer, whose mixed derivative and corner sum are closed forms that cost O(k) per neuron.

The mixed derivative, in units of a weight w(t) = Π_i (p_i + 1) t_i^{p_i}, is a sum over neurons r,

    Sines:     ∂^k N/∂t1…∂tk / w = Σ_r c_r sin(Σ_i ω_ri (2t_i − 1) + ν_r·u + b_r)
    Products:  ∂^k N/∂t1…∂tk / w = Σ_r c_r cos(ν_r·u + b_r) Π_i cos(ω_ri (2t_i − 1) + φ_ri)

so that the corner sum, its integral over the cube, has per neuron one factor for each variable,

    A_ri = ∫_0^1 w_i(t) e^{iω_ri (2t − 1)} dt  (sin ω/ω for p_i = 0):  Sines replace ν_r·u + b_r by that plus the phase
    of Π_i A_ri, and multiply by its modulus; Products replace each cosine by Re(A_ri e^{iφ_ri}).

Of a variable that is held at t instead, the factor is w_i(t) e^{iω_ri (2t − 1)}, and of one that is integrated up to τ
it is A_ri with τ for 1: `partial` mixes these at will.

Frequencies ω, ν and phases are drawn at random and stay; c is fitted exactly (`least_squares`). For Sines this is
kernel regression by random Fourier features (Rahimi & Recht, NeurIPS 2007); Products are separable in all variables.

notation: F = number of neurons, columns of the weights.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Self

import numpy as np
import torch

NODES = 80
"""Nodes of the Gauss rule for A, which is exact to rounding for |ω| up to 60."""


@dataclasses.dataclass(frozen=True)
class Network(ABC):
    """Neurons with random frequencies; all tensors are float64.

    Attributes
    ----------
    omega, nu : tensors (k, F), (m, F)
        Frequencies in 2t − 1 and in u.
    phases : tensor (k, F)
        φ; of no use to Sines.
    bias : tensor (F,)
        b.
    """

    omega: torch.Tensor
    nu: torch.Tensor
    phases: torch.Tensor
    bias: torch.Tensor

    @classmethod
    def draw(
        cls, k: int, m: int, n_neurons: int, omega: float, nu: float, generator: torch.Generator, device: str
    ) -> Self:
        """Draw frequencies from normal distributions of standard deviations omega and nu, phases uniformly."""
        normal = torch.randn(k + m, n_neurons, generator=generator, dtype=torch.float64)
        angles = 2 * math.pi * torch.rand(k + 1, n_neurons, generator=generator, dtype=torch.float64)
        parts = (omega * normal[:k], nu * normal[k:], angles[:k], angles[k])
        return cls(*(part.to(device) for part in parts))

    @abstractmethod
    def neurons(self, u: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return each neuron's mixed derivative over w at u (n, m) and t (n, k): (n, F)."""

    @abstractmethod
    def corner_sums(self, u: torch.Tensor, powers: torch.Tensor) -> torch.Tensor:
        """Return each neuron's corner sum at u (n, m), for a weight w with powers p (k,): (n, F)."""

    @abstractmethod
    def amplitude(self, powers: torch.Tensor) -> torch.Tensor:
        """Factor of each neuron's function of u in its corner sum: (F,), complex for Sines."""

    @abstractmethod
    def average(self, t: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Sum each neuron's function of t over a rule's nodes t (n, k) and weights (n,): (F,), complex for Sines.

        `amplitude` is the integral with weight w, which the rule approximates.
        """

    @abstractmethod
    def sums(self, u: torch.Tensor, amplitudes: torch.Tensor) -> torch.Tensor:
        """Return sums over neurons at u (n, m), for amplitudes (F, n_sums) that contain c: (n, n_sums)."""

    @abstractmethod
    def factor(self, i: int, waves: torch.Tensor) -> torch.Tensor:
        """Factor of variable i in each neuron's product, where its wave is `waves` (…, F)."""

    @abstractmethod
    def of_u(self, u: torch.Tensor) -> torch.Tensor:
        """Factor of u (n, m) in each neuron's product, of which the real part counts: (n, F)."""

    def partial(
        self, c: torch.Tensor, u: torch.Tensor, powers: torch.Tensor,
        t: torch.Tensor, given: Collection[int], i: int, points: torch.Tensor,
    ) -> torch.Tensor:  # fmt: skip
        """Return Σ_r c_r of the derivative in the variables `given`, the others integrated: all but t_i over [0, 1].

        As t_i takes each of `points` (q,) it is held there, or integrated up to there, for u (1, m), t (n, k): (n, q).
        """
        left = (c * self.of_u(u)).expand(len(t), -1)
        for j, power in enumerate(powers):
            if j == i:
                continue
            of_j = self.waves(j, t[:, j], power) if j in given else self.integrals(j, power.new_ones(1), power)
            left = left * self.factor(j, of_j)
        along = self.waves if i in given else self.integrals
        return (left @ self.factor(i, along(i, points, powers[i])).T).real

    def to(self, dtype: torch.dtype) -> Self:
        """Return the network in another precision."""
        return dataclasses.replace(self, **{name: tensor.to(dtype) for name, tensor in vars(self).items()})

    def amplitudes(self, powers: torch.Tensor) -> torch.Tensor:
        """Return A: (k, F), complex."""
        end = powers.new_ones(1)
        return torch.cat([self.integrals(i, end, power) for i, power in enumerate(powers)])

    def waves(self, i: int, t: torch.Tensor, power: torch.Tensor) -> torch.Tensor:
        """Return w_i(t) e^{iω_ri (2t − 1)} for t of any shape: (…, F), complex."""
        density, angle = (power + 1) * t**power, self.omega[i] * (2 * t - 1)[..., None]
        # Six times as fast as torch.exp of complex numbers.
        return density[..., None] * torch.complex(angle.cos(), angle.sin())

    def integrals(self, i: int, t: torch.Tensor, power: torch.Tensor) -> torch.Tensor:
        """Return the integrals of `waves` from 0 to t (n,): (n, F), complex."""
        nodes, weights = (torch.from_numpy(part).to(self.omega) / 2 for part in _gauss_rule())
        return t[:, None] * torch.einsum("nqf,q->nf", self.waves(i, t[:, None] * (nodes + 0.5), power), weights + 0j)


@functools.cache
def _gauss_rule() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(NODES)


class Sines(Network):
    """A plain network with one hidden layer of sines."""

    def neurons(self, u: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """See `Network.neurons`."""
        z = torch.cat([2 * t - 1, u], dim=1)
        return torch.addmm(self.bias, z, torch.cat([self.omega, self.nu])).sin_()

    def corner_sums(self, u: torch.Tensor, powers: torch.Tensor) -> torch.Tensor:
        """See `Network.corner_sums`."""
        amplitude = self.amplitude(powers)
        return torch.addmm(self.bias + amplitude.angle(), u, self.nu).sin_() * amplitude.abs()

    def amplitude(self, powers: torch.Tensor) -> torch.Tensor:
        """See `Network.amplitude`."""
        return self.amplitudes(powers).prod(dim=0)

    def average(self, t: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """See `Network.average`."""
        angles = (2 * t - 1) @ self.omega
        return torch.complex(weights @ angles.cos(), weights @ angles.sin())

    def sums(self, u: torch.Tensor, amplitudes: torch.Tensor) -> torch.Tensor:
        """See `Network.sums`."""
        angles = torch.addmm(self.bias, u, self.nu)
        return angles.sin() @ amplitudes.real + angles.cos() @ amplitudes.imag

    def factor(self, i: int, waves: torch.Tensor) -> torch.Tensor:
        """See `Network.factor`: the phases of all variables add."""
        return waves

    def of_u(self, u: torch.Tensor) -> torch.Tensor:
        """See `Network.of_u`: the real part of −i e^{iz} is sin z."""
        return -1j * torch.exp(1j * torch.addmm(self.bias, u, self.nu))


class Products(Network):
    """A sum of products of functions of one variable each, and one of u: a separable primitive."""

    def neurons(self, u: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """See `Network.neurons`."""
        return self._waves(t).mul_(torch.addmm(self.bias, u, self.nu).cos_())

    def corner_sums(self, u: torch.Tensor, powers: torch.Tensor) -> torch.Tensor:
        """See `Network.corner_sums`."""
        return torch.addmm(self.bias, u, self.nu).cos_() * self.amplitude(powers)

    def amplitude(self, powers: torch.Tensor) -> torch.Tensor:
        """See `Network.amplitude`."""
        return (self.amplitudes(powers) * torch.exp(1j * self.phases)).real.prod(dim=0)

    def average(self, t: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """See `Network.average`."""
        return weights @ self._waves(t)

    def sums(self, u: torch.Tensor, amplitudes: torch.Tensor) -> torch.Tensor:
        """See `Network.sums`."""
        return torch.addmm(self.bias, u, self.nu).cos_() @ amplitudes

    def _waves(self, t: torch.Tensor) -> torch.Tensor:
        first, *others = (2 * t - 1).T
        y = torch.addcmul(self.phases[0], first[:, None], self.omega[0]).cos_()
        for column, omega, phase in zip(others, self.omega[1:], self.phases[1:], strict=True):
            y *= torch.addcmul(phase, column[:, None], omega).cos_()
        return y

    def factor(self, i: int, waves: torch.Tensor) -> torch.Tensor:
        """See `Network.factor`: each variable has its cosine."""
        return (waves * torch.exp(1j * self.phases[i])).real

    def of_u(self, u: torch.Tensor) -> torch.Tensor:
        """See `Network.of_u`."""
        return torch.addmm(self.bias, u, self.nu).cos_()
