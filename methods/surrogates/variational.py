"""A network whose weights are independent Gaussians: the variational posterior q(ω) of a Bayesian network.

Each weight has a mean μ and a standard deviation σ, both trained. In training the weights themselves are never drawn:
for inputs x the output of a linear layer is Gaussian as well,

    a = W x + b ~ N(μ_W x + μ_b, σ_W² x² + σ_b²),

and is drawn for each row on its own, which has less variance in the gradients than one draw of W for a whole batch
(local reparametrisation: Kingma, Salimans and Welling, NeurIPS 2015, eq. 6). Closeness to a prior N(0, p²) is

    KL[q, prior] = Σ_weights log(p/σ) + (σ² + μ²)/(2p²) − 1/2.

For predictions weights are drawn, and kept: `draw` and `at`.
"""

from __future__ import annotations

import itertools
from typing import cast

import torch
from torch import nn

from methods.surrogates.batched_layers import BatchedLayers, outputs
from methods.surrogates.skip_network import Elementwise


class GaussianLinear(nn.Module):
    """A linear layer with independent Gaussian weights and biases.

    Parameters
    ----------
    n_in, n_out : int
        Widths.
    std : float
        Standard deviation of all weights at the start; the means start as those of Glorot and Bengio.
    generator : torch.Generator
        Of the initial means.
    """

    def __init__(self, n_in: int, n_out: int, std: float, generator: torch.Generator) -> None:
        super().__init__()
        log_std = torch.tensor(std, dtype=torch.float32).log().item()
        self.weight = nn.Parameter(torch.empty(n_out, n_in, dtype=torch.float32))
        nn.init.xavier_uniform_(self.weight, generator=generator)
        self.bias = nn.Parameter(torch.zeros(n_out, dtype=torch.float32))
        self.log_std_weight = nn.Parameter(torch.full((n_out, n_in), log_std, dtype=torch.float32))
        self.log_std_bias = nn.Parameter(torch.full((n_out,), log_std, dtype=torch.float32))

    def forward(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Return a (n, n_out) for x (n, n_in), each row with weights of its own."""
        mean = nn.functional.linear(x, self.weight, self.bias)
        variance = nn.functional.linear(x.square(), (2 * self.log_std_weight).exp(), (2 * self.log_std_bias).exp())
        noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        return mean + variance.sqrt() * noise

    def kl(self, prior_std: float) -> torch.Tensor:
        """Return KL[q, prior] of this layer for the prior N(0, prior_std²)."""
        parts = ((self.weight, self.log_std_weight), (self.bias, self.log_std_bias))
        return torch.stack([_kl(mean, log_std, prior_std) for mean, log_std in parts]).sum()

    def draw(self, n: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw n times: weights (n, n_in, n_out) and biases (n, 1, n_out)."""
        weight = _draw(self.weight, self.log_std_weight, n, generator)
        bias = _draw(self.bias, self.log_std_bias, n, generator)
        return weight.transpose(1, 2).contiguous(), bias[:, None, :]


class VariationalNetwork(nn.Module):
    """A fully connected network of `GaussianLinear` layers.

    Parameters
    ----------
    widths : list of int
        Of the input, each hidden layer and the output.
    activation : str
        One of `skip_network.TORCH_ACTIVATIONS`.
    std : float
        Standard deviation of all weights at the start.
    seed : int
        Of the initial means.
    """

    def __init__(self, widths: list[int], activation: str, std: float, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.layers = nn.ModuleList(GaussianLinear(i, o, std, generator) for i, o in itertools.pairwise(widths))
        self.activation = Elementwise(activation)

    def forward(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Return the outputs (n, n_out) for x (n, n_in), each row with weights of its own."""
        for layer in self.layers[:-1]:
            x = self.activation(layer(x, generator))
        return self.layers[-1](x, generator)

    def kl(self, prior_std: float) -> torch.Tensor:
        """Return KL[q, prior] for the prior N(0, prior_std²) of every weight."""
        return torch.stack([layer.kl(prior_std) for layer in self._gaussians]).sum()

    @torch.no_grad()
    def draw(self, n: int, seed: int) -> BatchedLayers:
        """Draw all weights n times; the same seed gives the same draws on every device."""
        generator = torch.Generator().manual_seed(seed)
        return [layer.draw(n, generator) for layer in self._gaussians]

    @property
    def _gaussians(self) -> list[GaussianLinear]:
        return cast(list[GaussianLinear], list(self.layers))

    def at(self, draws: BatchedLayers, x: torch.Tensor) -> torch.Tensor:
        """Return the outputs (n_draws, n, n_out) at the drawn weights, for x (n, n_in)."""
        return outputs(draws, self.activation, x.expand(len(draws[0][0]), *x.shape))


def _kl(mean: torch.Tensor, log_std: torch.Tensor, prior_std: float) -> torch.Tensor:
    relative = ((2 * log_std).exp() + mean.square()) / prior_std**2
    return (0.5 * (relative - 1) - log_std).sum() + mean.numel() * torch.tensor(prior_std, device=mean.device).log()


def _draw(mean: torch.Tensor, log_std: torch.Tensor, n: int, generator: torch.Generator) -> torch.Tensor:
    noise = torch.randn((n, *mean.shape), generator=generator, dtype=mean.dtype)
    return mean + log_std.exp() * noise.to(mean.device)
