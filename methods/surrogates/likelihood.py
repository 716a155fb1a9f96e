"""The heteroscedastic likelihood of labels under a Bayesian network, each label with a multiplicity n_j.

    loss = (1/n) ( Σ_j n_j [ (A_j(ω) − y_j)²/(2v_j) + (log v_j)/2 ] + KL[q, prior] ),    v_j = σ_j(ω)² + noise_j²

with the standard deviation noise_j that the label's own method states. Badger, Butter, Luchmann, Pitz and Plehn,
arXiv:2206.14831, have exact labels, so noise_j = 0 and (log v_j)/2 = log σ_j. Where A is complex, the brackets contain
|A_j(ω) − y_j|²/v_j + log v_j: v_j is the variance in the plane, half of it that of either part.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from methods.surrogates.boosting import FACTOR, Rule
from methods.surrogates.variational import VariationalNetwork

FLOOR = 1e-6
"""Least σ in units of the target's spread: float32 knows y no better, and σ of exact labels would go to zero."""

ROWS = 16_384
"""Labels judged at once."""


def variance(log_sigma: torch.Tensor) -> torch.Tensor:
    """Return σ² for the network's last output."""
    return (2 * log_sigma).exp() + FLOOR**2


def negative_log_likelihood(outputs: torch.Tensor, y: torch.Tensor, noise_variance: torch.Tensor) -> torch.Tensor:
    """Return −log likelihood (…, n), up to a constant, of labels for a network's (A, log σ) (…, n, n_parts + 1).

    The labels y (…, n, n_parts) are real, of one part, or complex, of two; `noise_variance` is (…, n).
    """
    a, log_sigma = outputs[..., :-1], outputs[..., -1]
    total = variance(log_sigma) + noise_variance
    return 0.5 * a.shape[-1] * ((a - y).square().sum(dim=-1) / total + total.log())


@dataclass(kw_only=True)
class Likelihood:
    """Labels as tensors on the network's device; the first `n_train` are for training, the others for validation."""

    network: VariationalNetwork
    prior_std: float
    s: torch.Tensor
    """(n, m) scaled"""
    y: torch.Tensor
    """(n, n_parts)"""
    noise_variance: torch.Tensor
    """(n,)"""
    slope: torch.Tensor
    """(n,) of I(s) per standardised target"""
    n_train: int
    seed: int

    def __post_init__(self) -> None:
        self.multiplicity = torch.ones(self.n_train, device=self.s.device)
        self._generator = self._generator_of(self.seed)

    def loss(self, batch: torch.Tensor) -> torch.Tensor:
        """Return the loss, estimated on a batch of training labels, each with an ω of its own."""
        nll = self._nll(batch, self.network(self.s[batch], self._generator))
        return (self.multiplicity[batch] * nll).mean() + self.network.kl(self.prior_std) / self.n_train

    def validation(self) -> float:
        """Return −log likelihood per validation label, always with the same noise for ω."""
        rows = slice(self.n_train, None)
        return float(self._nll(rows, self._outputs(rows, self.seed)).double().mean())

    def boosted(self) -> float:
        """Return the boosted −log likelihood per training label, on as many labels as there are for validation."""
        rows = slice(0, len(self.s) - self.n_train)
        nll = self._nll(rows, self._outputs(rows, self.seed))
        return float((self.multiplicity[rows] * nll).double().mean())

    def boost(self, rule: Rule, seed: int) -> None:
        """Let the training labels that a rule chooses count more often."""
        rows = slice(0, self.n_train)
        outputs = self._outputs(rows, seed)
        a, log_sigma = outputs[:, :-1], outputs[:, -1]
        pull = (a - self.y[rows]).norm(dim=1) / (variance(log_sigma) + self.noise_variance[rows]).sqrt()
        chosen = rule(pull, variance(log_sigma).sqrt() * self.slope[rows])
        self.multiplicity = torch.where(chosen, FACTOR * self.multiplicity, self.multiplicity)

    def _nll(self, rows: torch.Tensor | slice, outputs: torch.Tensor) -> torch.Tensor:
        return negative_log_likelihood(outputs, self.y[rows], self.noise_variance[rows])

    def _outputs(self, rows: slice, seed: int) -> torch.Tensor:
        generator = self._generator_of(seed)
        with torch.inference_mode():
            return torch.cat([self.network(part, generator) for part in self.s[rows].split(ROWS)])

    def _generator_of(self, seed: int) -> torch.Generator:
        return torch.Generator(self.s.device).manual_seed(seed)
