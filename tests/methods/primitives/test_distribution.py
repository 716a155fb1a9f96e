"""What a primitive says of the distribution of x, against quadrature of the integrand; samples against both."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest
import torch
from integrals import product

import methods
import references
from methods.base import InputError, ParametricIntegral
from methods.deep import partial_derivative
from methods.deep.network import PrimitiveNetwork, corner_sum, mixed_partial
from methods.primitives.distribution import Distribution
from methods.primitives.sine_network import Products, Sines

N = 1500
"""Samples per test."""

KS_BOUND = 2.0
"""Of √n times the largest distance of two distribution functions: exceeded by 2 e^−8, one in 1,500, of true samples."""


def wave() -> ParametricIntegral:
    """Strongly correlated at s = 1, and negative somewhere at s = 2, so that the map is x = t.

    At s = 1 the means of (x1 − ½)(x2 − ½) and x3 − ½ are 2.4/144 and 0.8/12.
    """
    return ParametricIntegral(
        name="wave", k=3, parameters=("a",), low=(-2.0,), high=(2.0,),
        integrand=lambda s, x: (
            1 + s[..., 0] * (2.4 * (x[..., 0] - 0.5) * (x[..., 1] - 0.5) + 0.8 * (x[..., 2] - 0.5))
        ),
        exact=lambda s: 1 + 0 * s[:, 0],
    )  # fmt: skip


def tilt() -> ParametricIntegral:
    """Correlated, and hardly dependent on s: within reach of a deep network in seconds."""
    return ParametricIntegral(
        name="tilt", k=2, parameters=("a",), low=(0.9,), high=(1.1,),
        integrand=lambda s, x: 1 + 3 * s[..., 0] * (x[..., 0] - 0.5) * (x[..., 1] - 0.5),
        exact=lambda s: 1 + 0 * s[:, 0],
    )  # fmt: skip


INTEGRALS = {"product2": lambda: product(2), "product3": lambda: product(3), "wave": wave, "tilt": tilt}
INTEGRALS["box1l"] = lambda: references.integral("box1l")
POINTS = {
    "product2": [1.2, 1.9], "product3": [1.7, 1.5], "wave": [1.0], "tilt": [1.0], "box1l": [-20.0, -6.0, -11.0],
}  # fmt: skip
FIELDS = {
    "neural_primitive": {"width": 120, "n_terms": 100, "lattice_size": 256, "n_updates": 1},
    "separable_primitive": {"width": 120, "n_terms": 100, "lattice_size": 256, "n_updates": 1},
    "published_primitive": {"width": 24, "depth": 2, "n_updates": 300, "lattice_size": 256, "learning_rate": 0.02},
}


@functools.cache
def fitted(name: str, integral: str):
    return methods.create(name, n_replicas=2, **FIELDS[name]).fit(INTEGRALS[integral]())


def distribution(name: str, integral: str) -> Distribution:
    return Distribution(fitted(name, integral), POINTS[integral])


def rule(n: int) -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return (nodes + 1) / 2, weights / 2


@functools.cache
def tensor_rule(k: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = rule(n)
    grid = np.array(list(itertools.product(nodes, repeat=k)))
    return grid, np.array(list(itertools.product(weights, repeat=k))).prod(axis=1)


def integrated(f, k: int, held: dict[int, np.ndarray | float], n: int) -> np.ndarray:
    """Return the integral of f over all variables but those held, of which one may be an array."""
    others = [i for i in range(k) if i not in held]
    grid, weight = tensor_rule(len(others), n)
    length = max((np.size(value) for value in held.values()), default=1)
    x = np.empty((length, len(grid), k))
    for i, value in held.items():
        x[..., i] = np.broadcast_to(value, length)[:, None]
    x[..., others] = grid
    return f(x.reshape(-1, k)).reshape(length, -1) @ weight


# ----- the partial derivatives ------------------------------------------------------------------------------------

C = {"dtype": torch.float64}


@pytest.mark.parametrize("network", [Sines, Products])
def test_partial_of_neurons(network):
    """With all variables held it is the mixed derivative, with none the corner sum; between, one's integral."""
    generator = torch.Generator().manual_seed(1)
    neurons = network.draw(3, 2, 40, 2.0, 1.0, generator, "cpu")
    c, powers = torch.randn(40, generator=generator, **C), torch.tensor([0.0, 2.0, 1.0], **C)
    u, t = 2 * torch.rand(1, 2, generator=generator, **C) - 1, torch.rand(5, 3, generator=generator, **C)
    nodes, weights = (torch.as_tensor(part) for part in rule(40))

    def partial(given, points):
        return neurons.partial(c, u, powers, t, given, 1, points)

    weight = ((powers + 1) * t**powers).prod(dim=1)
    mixed = torch.stack([partial({0, 1, 2}, t[:, 1])[row, row] for row in range(5)])
    torch.testing.assert_close(mixed, neurons.neurons(u.expand(5, -1), t) @ c * weight)
    torch.testing.assert_close(partial({}, nodes.new_ones(1))[0], neurons.corner_sums(u, powers) @ c)
    for others in ({0, 2}, {0}, {2}, set()):
        upto = partial(others | {1}, 0.7 * nodes) @ weights * 0.7
        torch.testing.assert_close(partial(others, nodes.new_tensor([0.7]))[:, 0], upto)


def test_columns_are_those_of_x():
    """On box1l the map takes x in another order; with all variables held it is the replicas' mixed derivative."""
    method = fitted("neural_primitive", "box1l")
    order = list(method.map_.order)
    assert order != sorted(order)
    t = torch.tensor([[0.1, 0.5, 0.9]], **C)
    u = method.coordinates.u(torch.tensor([POINTS["box1l"]], **C))
    totals = method.tables_(method.coordinates.s(u)) / method.map_.norm(u)
    of_replicas = [
        replica.network.neurons(u, t[:, order]) @ replica.c + total - replica.corner_sum(u, method.map_.powers)
        for replica, total in zip(method.replicas_, totals, strict=True)
    ]
    expected = torch.stack(of_replicas).mean(dim=0) * torch.exp(method.map_.log_weight(t[:, order]))
    for i in range(3):
        found = method.partial(method.coordinates.s(u), t, {0, 1, 2}, i, t[0, i : i + 1])
        torch.testing.assert_close(found[0], expected)


@pytest.mark.parametrize("activation", ["tanh", "gelu", "sigmoid", "softsign"])
def test_partial_of_a_deep_network(activation):
    """Against torch's derivatives of N at each end."""
    network = PrimitiveNetwork(
        3, 2, 12, 2, activation, torch.float64, gain=1.5, generator=torch.Generator().manual_seed(0)
    )
    generator = torch.Generator().manual_seed(2)
    s, x = torch.rand(1, 2, generator=generator, **C), torch.rand(4, 3, generator=generator, **C)
    points = torch.tensor([0.2, 1.0], **C)
    all_held = partial_derivative.partial(network, s, x, {0, 1, 2}, 1, points)
    moved = x.clone()
    moved[:, 1] = 0.2
    torch.testing.assert_close(all_held[:, 0], mixed_partial(network, s.expand(4, -1), moved))
    none_held = partial_derivative.partial(network, s, x, set(), 1, points)[:, 1]
    torch.testing.assert_close(none_held, corner_sum(network, s).expand(4))

    def one_held(t1: float) -> torch.Tensor:
        """Return ∂N/∂x3, differenced over x1 in [0, 1] and x2 in [0, t1]."""
        total = torch.zeros(4, **C)
        for a, b in itertools.product((0, 1), repeat=2):
            there = torch.stack([torch.full((4,), float(a)), torch.full((4,), b * t1), x[:, 2]], dim=1)
            there.requires_grad_()
            slope = torch.autograd.grad(network(s.expand(4, -1), there).sum(), there)[0][:, 2]
            total += (-1) ** (a + b) * slope
        return total

    found = partial_derivative.partial(network, s, x, {2}, 1, points)
    torch.testing.assert_close(found, torch.stack([one_held(0.2), one_held(1.0)], dim=1))


# ----- densities and distribution functions -----------------------------------------------------------------------

IN_T = [("neural_primitive", "wave", 3e-3), ("separable_primitive", "wave", 3e-3), ("published_primitive", "tilt", 0.1)]
"""The last is the error allowed, root mean square over t, of densities near 1: what these short fits are good for.
A triangular map leaves densities in t near 1 (product2: to four digits), so that there only those in x are a test."""

IN_X = [
    ("neural_primitive", "product2", 3e-4), ("neural_primitive", "box1l", 0.03),
    ("separable_primitive", "product3", 3e-4),
]  # fmt: skip

SAMPLED = [("neural_primitive", "box1l"), ("separable_primitive", "product3"), ("published_primitive", "tilt")]


@pytest.mark.parametrize(("name", "integral", "tolerance"), IN_T)
def test_against_quadrature(name, integral, tolerance):
    """Of every variable given any others, as density and as distribution function; a flat density is refused."""
    found, f = distribution(name, integral), INTEGRALS[integral]().integrand
    s, k, n, t = np.array(POINTS[integral]), found.k, 8, np.linspace(0.02, 0.98, 9)
    (nodes, weights), flat = rule(n), []

    def density(t: np.ndarray) -> np.ndarray:
        x, slopes = found.x(t)
        return f(s, x) * slopes.prod(axis=1)

    for i in range(k):
        others = [j for j in range(k) if j != i]
        for given in (
            {j: (0.2, 0.9, 0.7)[j] for j in held} for size in range(k) for held in itertools.combinations(others, size)
        ):
            norm = integrated(density, k, given, n)
            expected = integrated(density, k, given | {i: t}, n) / norm
            assert rms(found.density(i, t, given) - expected) < tolerance
            halfway = integrated(density, k, given | {i: nodes / 2}, n) @ weights / 2 / norm
            np.testing.assert_allclose(found.cdf(i, [0.0, 0.5, 1.0], given), [0, halfway[0], 1], atol=tolerance / 2)
            flat.append(rms(1 - expected))
    assert max(flat) > 2 * tolerance


def rms(difference: np.ndarray) -> float:
    return float(np.sqrt(np.mean(difference**2)))


@pytest.mark.parametrize(("name", "integral"), SAMPLED)
def test_densities_integrate_to_one(name, integral):
    """Whatever the fit: to the rounding of the networks, which are in float32 in the published primitive."""
    nodes, weights = rule(30)
    found = distribution(name, integral)
    tolerance = 1e-4 if name == "published_primitive" else 1e-12
    for i, given in ((0, {}), (1, {}), (0, {1: 0.4}), (1, {0: 0.9})):
        assert found.density(i, nodes, given) @ weights == pytest.approx(1, abs=tolerance)
        upto = found.density(i, 0.3 * nodes, given) @ weights * 0.3
        assert found.cdf(i, 0.3, given)[0] == pytest.approx(upto, abs=tolerance)


@pytest.mark.parametrize(("name", "integral", "tolerance"), IN_X)
def test_in_x_against_quadrature(name, integral, tolerance):
    """p(x_i | those before it in the map) = p(t_i | …)/(∂x_i/∂t_i), against quadrature in x, which knows no map."""
    found, f = (
        distribution(name, integral),
        functools.partial(INTEGRALS[integral]().integrand, np.array(POINTS[integral])),
    )
    t, given, held, flat = np.full((9, found.k), 0.4), {}, {}, []
    for i in found.primitive.details_["order_of_map"]:
        t[:, i] = np.linspace(0.1, 0.9, 9)
        x, slopes = found.x(t)
        expected = integrated(f, found.k, held | {i: x[:, i]}, 40) / integrated(f, found.k, held, 40)
        assert rms(found.density(i, t[:, i], given) / slopes[:, i] - expected) < tolerance
        flat.append(rms(1 - expected))
        t[:, i] = given[i] = 0.4
        held[i] = float(found.x(t)[0][0, i])
    assert max(flat) > 2 * tolerance


@pytest.mark.parametrize(("name", "integral"), SAMPLED)
def test_a_saved_primitive_says_the_same(name, integral, tmp_path):
    method, (t, given) = fitted(name, integral), ([0.1, 0.8], {1: 0.5})
    method.save(tmp_path / "saved")
    again = Distribution(type(method).load(tmp_path / "saved", INTEGRALS[integral]()), POINTS[integral])
    expected = distribution(name, integral).density(0, t, given)
    np.testing.assert_allclose(again.density(0, t, given), expected, rtol=1e-6)


# ----- samples ----------------------------------------------------------------------------------------------------

SAMPLERS = {"sample": lambda found, n, seed: found.sample(n, np.random.default_rng(seed))}
SAMPLERS["gibbs"] = lambda found, n, seed: found.gibbs(n, np.random.default_rng(seed), sweeps=3)


@functools.cache
def samples(name: str, integral: str, sampler: str) -> np.ndarray:
    return SAMPLERS[sampler](distribution(name, integral), N, 5)


def true_cdf(integral: str, s, i: int):
    """Return the distribution function of x_i: the marginal at Gauss nodes as a polynomial, integrated."""
    n = 64
    f, k = functools.partial(INTEGRALS[integral]().integrand, np.array(s)), INTEGRALS[integral]().k
    nodes, _ = rule(n)
    marginal = integrated(f, k, {i: nodes}, 30)
    fit = np.polynomial.legendre.Legendre.fit(nodes, marginal, 40, domain=[0, 1]).integ(lbnd=0)
    return lambda x: fit(x) / fit(1)


def distance(x: np.ndarray, cdf) -> float:
    """Return √n times the largest distance of the empirical distribution function from the true one."""
    true, steps = cdf(np.sort(x)), np.arange(len(x) + 1) / len(x)
    return float(np.sqrt(len(x)) * max(np.max(steps[1:] - true), np.max(true - steps[:-1])))


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(("name", "integral"), SAMPLED)
def test_samples_follow_the_integrand(name, integral, sampler):
    x = samples(name, integral, sampler)
    assert x.shape == (N, INTEGRALS[integral]().k)
    for i, column in enumerate(x.T):
        assert distance(column, true_cdf(integral, POINTS[integral], i)) < KS_BOUND


def test_samples_of_another_point_do_not():
    """The same test refuses samples that are right elsewhere in the box."""
    x = samples("neural_primitive", "box1l", "sample")
    worst = max(distance(x[:, i], true_cdf("box1l", [-6.0, -20.0, -25.0], i)) for i in range(3))
    assert worst > 2 * KS_BOUND


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(("name", "integral"), [*SAMPLED, ("neural_primitive", "wave")])
def test_samples_are_correlated_as_the_integrand_is(name, integral, sampler):
    x = samples(name, integral, sampler) - 0.5
    f, k = functools.partial(INTEGRALS[integral]().integrand, np.array(POINTS[integral])), x.shape[1]
    for i, j in itertools.combinations_with_replacement(range(k), 2):
        products = x[:, i] * x[:, j]
        moment = integrated(lambda y, i=i, j=j: f(y) * (y[:, i] - 0.5) * (y[:, j] - 0.5), k, {}, 30)
        expected = float(moment[0] / integrated(f, k, {}, 30)[0])
        assert abs(products.mean() - expected) < 4 * products.std() / np.sqrt(N)


def test_the_correlation_is_seen():
    """Exchanging x2 of the samples among them leaves the marginals, and fails what the test above asks."""
    x = samples("neural_primitive", "wave", "gibbs") - 0.5
    products = x[:, 0] * np.roll(x[:, 1], 1)
    assert abs(products.mean() - 2.4 / 144) > 4 * products.std() / np.sqrt(N)


def test_both_kinds_agree():
    """The two samples' distribution functions; √(n/2) is the size of two samples of n."""
    for name, integral in SAMPLED:
        columns = zip(*(samples(name, integral, sampler).T for sampler in SAMPLERS), strict=True)
        for one, other in columns:
            both = np.concatenate([one, other])
            steps = [np.searchsorted(np.sort(part), both, side="right") / N for part in (one, other)]
            assert np.sqrt(N / 2) * np.max(np.abs(steps[0] - steps[1])) < KS_BOUND


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_generator_decides(sampler):
    found, state = distribution("neural_primitive", "product2"), torch.get_rng_state()
    first, again, other = (SAMPLERS[sampler](found, 20, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


class Dipped:
    """One variable, of density 1 + 1.5 cos 2πt: negative about the middle."""

    integral_ = INTEGRALS["wave"]()
    device = "cpu"

    def __init__(self, sign: float = 1.0, waves: int = 1) -> None:
        self.sign, self.angle = sign, 2 * np.pi * waves

    def partial(self, s, t, given, i, points):
        held = 1 + 1.5 * torch.cos(self.angle * points) if i in given else points
        return (self.sign * held).expand(len(t), -1)

    def place(self, s, t):
        return t, torch.ones_like(t)


class Sunken(Dipped):
    """The same of three variables, the density negative in all where that of t_1 is held above a half."""

    def partial(self, s, t, given, i, points):
        found = super().partial(s, t, given, i, points)
        return torch.where(t[:, :1] > 0.5, -found, found) if 0 in given and i else found


def test_no_sample_falls_where_the_density_is_negative():
    x = Distribution(Dipped(), [0.0]).sample(500, np.random.default_rng(0))
    assert (1 + 1.5 * np.cos(2 * np.pi * x)).min() > 0
    assert np.abs(x.mean(axis=0) - 0.5).max() < 0.1


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_values_drawn_of_no_positive_density_are_refused_as_those_given_are(sampler):
    with pytest.raises(InputError, match=r"values given, \{0: .*have no positive density"):
        SAMPLERS[sampler](Distribution(Sunken(), [0.0]), 50, 0)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: Distribution(Dipped(), [9.0]), "outside the box"),
        (lambda: Distribution(Dipped(-1.0), [0.0]), "no positive integral"),
        (lambda: Distribution(Dipped(waves=12), [0.0]).sample(3, np.random.default_rng(0)), "larger degree"),
        (lambda: Distribution(Dipped(), [0.0]).density(3, 0.5), "from 0 to 2"),
        (lambda: Distribution(Dipped(), [0.0]).density(0, 0.5, {0: 0.1}), "the variable itself"),
        (lambda: Distribution(Dipped(), [0.0]).cdf(0, 1.5), r"within \[0, 1\]"),
        (lambda: Distribution(Dipped(), [0.0]).cdf(0, 0.5, {1: float("nan")}), r"within \[0, 1\]"),
        (lambda: Distribution(Dipped(), [0.0]).sample(0, np.random.default_rng(0)), "n is 0"),
        (lambda: Distribution(Dipped(), [0.0]).gibbs(3, np.random.default_rng(0), sweeps=0), "sweeps is 0"),
    ],
)
def test_errors_are_for_people(use, message):
    with pytest.raises(InputError, match=message):
        use()
