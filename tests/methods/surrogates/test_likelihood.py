"""The likelihood of a Bayesian network against its formula, written out for outputs that are known."""

import math

import pytest
import torch

from methods.surrogates.likelihood import FLOOR, Likelihood, negative_log_likelihood

N_TRAIN, N = 6, 9


class Fixed(torch.nn.Module):
    """Gives A = s and log σ = s/2 whatever ω is, and a known KL."""

    def forward(self, s, generator):
        return torch.cat([s, s / 2], dim=1)

    def kl(self, prior_std):
        return torch.tensor(12.0 * prior_std)


@pytest.fixture
def likelihood():
    generator = torch.Generator().manual_seed(0)
    s, y = torch.rand(2, N, generator=generator, dtype=torch.float64)
    return Likelihood(
        network=Fixed(), prior_std=0.5, s=s[:, None], y=y[:, None], noise_variance=torch.linspace(0, 1, N).double(),
        slope=torch.ones(N).double(), n_train=N_TRAIN, seed=0,
    )  # fmt: skip


def written_out(likelihood, rows, multiplicity=None):
    """Return the mean of n_j [(A − y)²/(2v) + (log v)/2], v = σ² + floor² + noise²."""
    total = 0.0
    for i, j in enumerate(rows):
        a = float(likelihood.s[j, 0])
        v = math.exp(a) + FLOOR**2 + float(likelihood.noise_variance[j])
        term = (a - float(likelihood.y[j])) ** 2 / (2 * v) + math.log(v) / 2
        total += term * (multiplicity[i] if multiplicity else 1)
    return total / len(rows)


def test_the_loss_is_the_formula(likelihood):
    batch = [0, 2, 5]
    expected = written_out(likelihood, batch) + 12 * 0.5 / N_TRAIN
    assert float(likelihood.loss(torch.tensor(batch))) == pytest.approx(expected, rel=1e-12)


def test_labels_count_as_often_as_they_were_boosted(likelihood):
    likelihood.multiplicity = torch.tensor([1.0, 2, 4, 1, 1, 2], dtype=torch.float64)
    batch = [0, 2, 5]
    expected = written_out(likelihood, batch, [1, 4, 2]) + 12 * 0.5 / N_TRAIN
    assert float(likelihood.loss(torch.tensor(batch))) == pytest.approx(expected, rel=1e-12)
    assert likelihood.boosted() == pytest.approx(written_out(likelihood, [0, 1, 2], [1, 2, 4]), rel=1e-12)


def test_validation_is_on_the_other_labels_without_prior(likelihood):
    assert likelihood.validation() == pytest.approx(written_out(likelihood, range(N_TRAIN, N)), rel=1e-12)


def test_boosting_doubles_exactly_what_a_rule_chooses(likelihood):
    seen = {}

    def rule(pull, sigma):
        seen["pull"], seen["sigma"] = pull, sigma
        return torch.arange(N_TRAIN) % 2 == 0

    likelihood.boost(rule, seed=1)
    likelihood.boost(rule, seed=1)
    assert likelihood.multiplicity.tolist() == [4, 1, 4, 1, 4, 1]
    a, y, noise = likelihood.s[:N_TRAIN, 0], likelihood.y[:N_TRAIN, 0], likelihood.noise_variance[:N_TRAIN]
    torch.testing.assert_close(seen["sigma"], (a.exp() + FLOOR**2).sqrt())
    torch.testing.assert_close(seen["pull"], (a - y).abs() / (a.exp() + FLOOR**2 + noise).sqrt())


def test_a_complex_label_has_the_likelihood_of_both_parts():
    outputs = torch.tensor([[0.3, -0.2, -1.0]], dtype=torch.float64)  # Re A, Im A, log σ
    y = torch.tensor([[0.1, 0.4]], dtype=torch.float64)
    variance = math.exp(-2.0) + FLOOR**2 + 0.01
    of_parts = sum((a - b) ** 2 / variance + math.log(variance / 2) / 2 for a, b in ((0.3, 0.1), (-0.2, 0.4)))
    found = float(negative_log_likelihood(outputs, y, torch.tensor([0.01], dtype=torch.float64)))
    assert found == pytest.approx(of_parts + math.log(2), rel=1e-12)
