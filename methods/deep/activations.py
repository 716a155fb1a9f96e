"""Activations φ of the networks, each with its tower of derivatives [φ, φ', φ'', …] at a point z.

An activation applied to a quantity with a coefficient for every subset of the x_i (methods/deep/network.py) needs
nothing of φ but these numbers. Each activation makes them in two steps: a few transcendental `functions` of z, by
torch, and a rule `tower` that gets all derivatives from their values by + − * alone. So one rule serves tensors, NumPy
arrays, and the symbols of methods/deep/straight_line.py, from which compiled kernels are printed.

Two families (JHEP eq. 2.6–2.8, Maître & Santos-Mateos, arXiv:2211.02834) are chains f_n' = f_{n−1}:

    polylog n:  f_0 = 1/(1 + e^−z) (sigmoid),  f_1 = log(1 + e^z) (softplus),  f_n = −Li_n(−e^z)
    relu n:     f_0 = max(z, 0),  f_n = z^(n+1)/(n+1)! for z > 0, else 0

(eq. 2.8 prints z^n/n!, which starts from a step, not a ReLU). An activation more is one class, entered in ACTIVATIONS.

notation: D_j = φ^(j)(z), σ = sigmoid, Φ and ϕ = distribution function and density of the standard normal distribution.
"""

from __future__ import annotations

import functools
import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch

from methods.core.names import unknown


class Activation(ABC):
    """An activation φ: a subclass sets `name` and `functions`, and writes `tower`.

    `functions` are the base functions z -> tensor of z's shape, dtype and device, finite for |z| <= 1e4 (float32: 80).
    The tower up to φ^(order) may use the first order + 1 of them only, so that φ itself costs one.
    """

    name: str
    functions: tuple[Callable[[torch.Tensor], torch.Tensor], ...]
    formula: str | None = None
    """The first base function of z as text, for corner sums outside torch; where None, there are none for φ. It reads
    as C++ and as Python alike, of numbers T(…) and the functions exp, tanh, erfc, log1p, sin, abs and positive."""

    @property
    def n_base(self) -> int:
        """How many base functions there are."""
        return len(self.functions)

    def base(self, z: torch.Tensor, order: int | None = None) -> list[torch.Tensor]:
        """Return the values of the base functions: of those that the tower up to `order` may use, or of all."""
        count = self.n_base if order is None else order + 1
        return [function(z) for function in self.functions[:count]]

    @abstractmethod
    def tower(self, z: Any, base: Sequence[Any], order: int) -> list[Any]:
        """Return [φ, φ', …, φ^(order)] from z and its base values, by + − * with each other and Python numbers."""

    def __call__(self, z: torch.Tensor) -> torch.Tensor:
        """Return φ(z), differentiable by autograd any number of times."""
        return self.tower(z, self.base(z, 0), 0)[0]


def _inner_square(d: Sequence[Any], j: int) -> Any:
    """Return (y²)^(j) − 2 y y^(j) = Σ_{i=1}^{j−1} C(j, i) d_i d_{j−i}, given d_i = y^(i)."""
    middle = [math.comb(j, j // 2) * (d[j // 2] * d[j // 2])] if j % 2 == 0 and j > 0 else []
    return sum((2 * math.comb(j, i) * (d[i] * d[j - i]) for i in range(1, (j + 1) // 2)), *middle)


def _quadratic_tower(y: Any, first: Any, slope: Any, order: int) -> list[Any]:
    """Return y, y', … for y' = c + b y − y², given y' and slope = b − 2y: y^(j+1) = slope y^(j) − _inner_square."""
    d = [y, first]
    for j in range(1, order):
        d.append(slope * d[j] - _inner_square(d, j))
    return d[: order + 1]


class Tanh(Activation):
    """φ = tanh z, with φ' = 1 − φ²."""

    name = "tanh"
    functions = (torch.tanh,)
    formula = "tanh(z)"

    def tower(self, z: Any, base: Sequence[Any], order: int) -> list[Any]:
        """Use D_{j+1} = −2 φ D_j − Σ_{i=1}^{j−1} C(j, i) D_i D_{j−i}."""
        return _quadratic_tower(base[0], 1 - base[0] * base[0], -2 * base[0], order)


class Gelu(Activation):
    """φ = z Φ(z), with Φ' = ϕ and ϕ' = −z ϕ."""

    name = "gelu"
    functions = (
        lambda z: 0.5 * torch.erfc(-math.sqrt(0.5) * z),
        lambda z: torch.exp(-0.5 * z * z) * (1 / math.sqrt(2 * math.pi)),
    )
    formula = "T(0.5) * erfc(T(-0.70710678118654752440) * z)"

    def tower(self, z: Any, base: Sequence[Any], order: int) -> list[Any]:
        """Use Φ^(j+1) = −(z Φ^(j) + (j − 1) Φ^(j−1)) and D_j = z Φ^(j) + j Φ^(j−1)."""
        chain = list(base[:2])
        for j in range(1, order):
            chain.append(-(z * chain[j] + (j - 1) * chain[j - 1]))
        return [z * chain[0], *(z * chain[j] + j * chain[j - 1] for j in range(1, order + 1))]


class GeluTanh(Activation):
    """φ = z/2 (1 + tanh(c (z + 0.044715 z³))) = z σ(v), with v = 2c (z + 0.044715 z³), c = √(2/π).

    Base value σ(−v) keeps y' = σ(v) σ(−v) v' exact where y = σ(v) rounds to 1: an error there would grow like v'^j.
    """

    name = "gelu_tanh"
    linear = 2 * math.sqrt(2 / math.pi)
    cubic = 0.044715 * linear
    functions = (
        lambda z: torch.sigmoid(z * (GeluTanh.linear + GeluTanh.cubic * (z * z))),
        lambda z: torch.sigmoid(-z * (GeluTanh.linear + GeluTanh.cubic * (z * z))),
    )
    formula = f"1 / (1 + exp(-z * (T({linear!r}) + T({cubic!r}) * (z * z))))"

    def tower(self, z: Any, base: Sequence[Any], order: int) -> list[Any]:
        """Use y^(j+1) = Σ_{i=0}^{2} C(j, i) v^(i+1) w^(j−i) with w = y (1 − y), and D_j = z y^(j) + j y^(j−1)."""
        if order == 0:
            return [z * base[0]]
        y, rest = base
        v = [self.linear + 3 * self.cubic * (z * z), 6 * self.cubic * z, 6 * self.cubic]  # v', v'', v'''
        d, w = [y], [y * rest]
        for j in range(order):
            d.append(sum((math.comb(j, i) * (v[i] * w[j - i]) for i in range(1, min(j, 2) + 1)), v[0] * w[j]))
            w.append((rest - y) * d[j + 1] - _inner_square(d, j + 1))
        return [z * y, *(z * d[j] + j * d[j - 1] for j in range(1, order + 1))]


class Softsign(Activation):
    """φ = z/(1 + |z|) = z r, with φ' = r²; at z = 0 only φ and φ' exist."""

    name = "softsign"
    functions = (lambda z: 1 / (1 + z.abs()), lambda z: -z.sign() / (1 + z.abs()))
    formula = "1 / (1 + abs(z))"

    def tower(self, z: Any, base: Sequence[Any], order: int) -> list[Any]:
        """Use D_{j+1} = −(j + 1) sign(z) r D_j."""
        d = [z * base[0], base[0] * base[0]]
        for j in range(1, order):
            d.append((j + 1) * (base[1] * d[j]))
        return d[: order + 1]


class Sin(Activation):
    """φ = sin z."""

    name = "sin"
    functions = (torch.sin, torch.cos)
    formula = "sin(z)"

    def tower(self, z: Any, base: Sequence[Any], order: int) -> list[Any]:
        """Go round: sin z, cos z, −sin z, −cos z."""
        return [-base[j % 2] if j % 4 > 1 else base[j % 2] for j in range(order + 1)]


class Relu(Activation):
    """φ = z^(n+1)/(n+1)! for z > 0, else 0 (JHEP eq. 2.8)."""

    functions = (torch.relu, lambda z: (z > 0).to(z.dtype))
    formula = "positive(z)"

    def __init__(self, n: int) -> None:
        self.n, self.name = n, f"relu{n}"

    def tower(self, z: Any, base: Sequence[Any], order: int) -> list[Any]:
        """Go down the family to f_0, then to its step (0 at z = 0, as in torch), then to 0."""
        family = list(itertools.accumulate(range(2, self.n + 2), lambda f, n: f * base[0] * (1 / n), initial=base[0]))
        below = [base[1], *[0 * base[1]] * order] if order > self.n else []
        return [*reversed(family), *below][: order + 1]


class Polylog(Activation):
    """φ = f_n of JHEP eq. 2.7, −Li_n(−e^z)."""

    def __init__(self, n: int, name: str) -> None:
        self.n, self.name = n, name
        self.functions = tuple(functools.partial(polylog, n=j) for j in range(n, -1, -1))
        self.formula = {0: "1 / (1 + exp(-z))", 1: "positive(z) + log1p(exp(-abs(z)))"}.get(n)

    def tower(self, z: Any, base: Sequence[Any], order: int) -> list[Any]:
        """Go down the family to y = f_0 = σ, then on by y' = y (1 − y)."""
        if order < self.n:
            return list(base[: order + 1])
        y = base[self.n]
        return [*base[: self.n], *_quadratic_tower(y, y * (1 - y), 1 - 2 * y, order - self.n)]


def polylog(z: torch.Tensor, n: int) -> torch.Tensor:
    """Return f_n(z) = −Li_n(−e^z), n >= 0, for any real z, to a few units in the last place."""
    if n == 0:
        return torch.sigmoid(z)
    if n == 1:
        return -torch.nn.functional.logsigmoid(-z)  # torch's softplus drops e^−z from z = 20 on: 2e-9
    return _Polylog.apply(z, n)


class _Polylog(torch.autograd.Function):
    """f_n for n >= 2: autograd goes down the family, since differentiating the series often would lose all digits."""

    generate_vmap_rule = True

    @staticmethod
    def forward(z: torch.Tensor, n: int) -> torch.Tensor:
        """Sum −Li_n(−q), q = e^−|z|; for z > 0, f_n(z) = 2 Σ_j η(2j) z^(n−2j)/(n−2j)! − (−1)^n f_n(−z) (Jonquière)."""
        q, series, inverted = torch.exp(-z.abs()), torch.zeros_like(z), torch.zeros_like(z)
        for j, weight in reversed(list(enumerate(_alternating_weights(torch.finfo(z.dtype).eps), 1))):
            series = (series + weight / j**n) * q
        for j in range(n // 2 + 1):
            eta = sum(weight / i ** (2 * j) for i, weight in enumerate(_alternating_weights(2.0**-60), 1))
            inverted = inverted * (z * z) + 2 * eta / math.factorial(n - 2 * j)
        return torch.where(z > 0, (inverted * z if n % 2 else inverted) - (-1) ** n * series, series)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[torch.Tensor, int], output: torch.Tensor) -> None:
        """Keep z and n for the derivative."""
        ctx.save_for_backward(inputs[0])
        ctx.n = inputs[1]

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Return grad f_{n−1}(z)."""
        return grad * polylog(ctx.saved_tensors[0], ctx.n - 1), None


@functools.cache
def _alternating_weights(accuracy: float) -> list[float]:
    """Return w with Σ_j w_j c_j = Σ_j (−1)^j c_j to this relative accuracy, c_j moments of a measure >= 0 on [0, 1].

    Cohen, Rodriguez Villegas & Zagier, Experimental Mathematics 9 (2000) 3: n terms leave 2 (3 + √8)^−n. Such moments
    are the terms c_j = q^(j+1)/(j+1)^m of Li_m, for 0 <= q <= 1.
    """
    n = math.ceil(math.log(2 / accuracy) / math.log(3 + math.sqrt(8)))
    b = [n * math.comb(n + j, 2 * j) * 4**j // (n + j) for j in range(n + 1)]
    return [(-1) ** j * sum(b[j + 1 :]) / sum(b) for j in range(n)]


ACTIVATIONS: dict[str, Activation] = {
    entry.name: entry
    for entry in (
        *(Tanh(), Polylog(0, "sigmoid"), Gelu(), GeluTanh(), Softsign(), Polylog(1, "softplus"), Sin()),
        *(Polylog(n, f"polylog{n}") for n in range(10)),
        *(Relu(n) for n in range(10)),
    )
}
"""Activations by name; polylog0 and polylog1 are sigmoid and softplus."""


def activation(name: str) -> Activation:
    """Return an activation by its name. Raises InputError, with the known names, for any other."""
    if name not in ACTIVATIONS:
        raise unknown("activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]
