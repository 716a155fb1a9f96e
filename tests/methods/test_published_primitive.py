"""published_primitive: learns a small integral, reproducibly, and each named choice does what its paper says."""

from __future__ import annotations

import copy
import time
from typing import ClassVar

import numpy as np
import pytest
import torch
from integrals import plain, product

import methods
from methods import published_primitive
from methods.base import InputError
from methods.deep import training, training_choices
from methods.deep.activations import ACTIVATIONS
from methods.deep.network import mixed_partial
from methods.primitives.ensemble import Primitive
from methods.published_primitive import SCALINGS, TRANSFORMS

SMALL = {"width": 16, "depth": 2, "lattice_size": 256}


def small(**fields):
    return methods.create("published_primitive", **{**SMALL, "n_updates": 400, **fields})


def unscaled(integral, **fields):
    """Fit by one update, and have the target as it is from now on."""
    method = small(**{"n_updates": 1, **fields}).fit(integral)
    method.scale_ = 1.0
    return method


def drawn(method):
    """List the batches that replicas draw from now on."""
    batches, batch = [], method.batch

    def noted(points):
        batches.append(batch(points))
        return batches[-1]

    method.batch = noted
    return batches


def values(integral, **fields):
    return small(**fields).fit(integral).integrate(integral.sample(5, seed=0)).value


def digits(method, integral):
    s = integral.sample(300, seed=8)
    return -np.log10(np.abs(method.integrate(s).value / integral.exact(s) - 1)).mean()


# ----- learning -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("integral", [product(1), plain(2)], ids=lambda i: i.name)
def test_learns_two_digits(integral):
    assert digits(small().fit(integral), integral) > 2.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "fields",
    [
        {"points": "sobol", "scaling": "largest", "precision": "float64"},
        {"points": "random", "scale": "max"},
        {"transform": "identity", "normalisation": "none", "selection": "best"},
        {"schedule": "plateau", "selection": "last", "scale": "one", "gain_convention": "thesis"},
        {"schedule": "constant", "activation": "gelu_tanh", "scaling": "none", "shared_points": True},
    ],
    ids=lambda fields: ",".join(map(str, fields.values())),
)
def test_every_choice_learns(fields):
    integral = product(1)
    assert digits(small(n_updates=200, **fields).fit(integral), integral) > 1.4


def test_untrained_is_no_better_than_a_guess():
    integral = product(2)
    assert digits(small(n_updates=1).fit(integral), integral) < 1.0


# ----- value and error ------------------------------------------------------------------------------------------------


class Corners(Primitive):
    """Replicas that know the integral, but for factors 1, 2, 3, …: what the base class makes of them."""

    name: ClassVar[str] = "corners"

    def fit(self, integral, *, budget=None, monitor=None):
        self._prepare(integral)
        return self

    def _corner_sums(self, s):
        exact = torch.as_tensor(self.integral_.exact(s.numpy())) / self._normalisation(s)
        return torch.arange(1.0, self.n_replicas + 1)[:, None] * exact


def test_value_is_the_mean_of_the_replicas_and_error_their_spread_or_that_of_their_mean():
    integral = product(2)
    s = integral.sample(20_000, seed=0)  # more than one chunk
    exact = integral.exact(s)
    spread, mean = (Corners(n_replicas=4, uncertainty=name).fit(integral) for name in ("spread", "mean"))
    np.testing.assert_allclose(spread.replica_values(s), np.outer([1, 2, 3, 4], exact), rtol=1e-12)
    np.testing.assert_allclose(spread.integrate(s).value, 2.5 * exact, rtol=1e-12)
    np.testing.assert_allclose(spread.integrate(s).error, np.std([1, 2, 3, 4], ddof=1) * exact, rtol=1e-12)
    np.testing.assert_allclose(mean.integrate(s).error, spread.integrate(s).error / 2, rtol=1e-12)
    assert spread.integrate(s).n_eval == len(s)


def test_one_replica_claims_no_error():
    integral = product(1)
    assert np.isnan(Corners(n_replicas=1).fit(integral).integrate(integral.sample(3, seed=0)).error).all()


def test_replicas_are_those_of_the_estimate():
    integral = product(1)
    method = small(n_replicas=3, n_updates=50).fit(integral)
    s = integral.sample(5, seed=0)
    replicas = method.replica_values(s)
    assert replicas.shape == (3, 5)
    np.testing.assert_allclose(method.integrate(s).error, replicas.std(axis=0, ddof=1), rtol=1e-12)


@pytest.mark.parametrize(("normalisation", "per_point"), [("centre", 1), ("none", 0)])
def test_evaluations_at_the_centre_are_counted(normalisation, per_point):
    integral = product(1)
    estimate = small(normalisation=normalisation, n_updates=1).fit(integral).integrate(integral.sample(5, seed=0))
    assert estimate.n_eval == 5 * per_point


# ----- target and inputs ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("normalisation", ["centre", "none"])
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_target_integrates_to_the_normalised_integral(transform, normalisation):
    """The mean of the target over t is I(s)/f(s, ½), or I(s), whatever the transform: JHEP eq. 2.20 and 2.23."""
    integral = product(2)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    axis, factor = torch.tensor((nodes + 1) / 2), torch.tensor(weights / 2)
    t = torch.cartesian_prod(axis, axis)
    s = torch.tensor([[1.25, 1.75]], dtype=torch.float64)
    method = unscaled(integral, transform=transform, normalisation=normalisation)
    mean = method.target(torch.cat([t, (s - 1.0).expand(len(t), -1)], dim=1)) @ torch.outer(factor, factor).flatten()
    centre = integral.integrand(s, torch.full((1, 2), 0.5, dtype=torch.float64)) if normalisation == "centre" else 1.0
    np.testing.assert_allclose(mean, integral.exact(s.numpy()) / np.asarray(centre), rtol=1e-10)


@pytest.mark.parametrize(
    ("scale", "measure"), [("std", np.std), ("max", lambda target: np.abs(target).max()), ("one", lambda target: 1.0)]
)
def test_scale_is_that_of_the_target(scale, measure):
    method = small(scale=scale, n_updates=1, lattice_size=8192).fit(product(1))
    points = torch.rand(100_000, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert method.scale_ == pytest.approx(measure(method.target(points).numpy()), rel=0.05)


def test_kinematic_invariants_enter_scaled():
    s, low, high = torch.tensor([[-30.0], [-3.0]]), torch.tensor([-30.0]), torch.tensor([-3.0])
    scaled = {name: scaling(s, low, high).flatten().tolist() for name, scaling in SCALINGS.items()}
    assert scaled["box"] == [-1.0, 1.0]
    assert scaled["largest"] == pytest.approx([-1.0, -0.1])  # thesis eq. 2.15
    assert scaled["none"] == [-30.0, -3.0]


@pytest.mark.parametrize(
    ("convention", "bound"), [("torch", 1.5 * (6 / 200) ** 0.5), ("thesis", (1.5 * 6 / 200) ** 0.5)]
)
def test_gain_is_that_of_its_convention(convention, bound):
    """Thesis eq. 4.2 has the gain inside the root."""
    method = unscaled(product(1), gain=1.5, gain_convention=convention, width=100)
    weights = method.new_network(torch.Generator().manual_seed(0)).layers()[0].weight.detach()
    assert bound * 0.99 < float(weights.abs().max()) <= bound


# ----- points ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", training_choices.POINTS)
def test_points_are_new_at_each_draw_and_cover_the_cube(name):
    n, dimension = 512, 3
    draw = training_choices.POINTS[name](n, dimension, torch.Generator().manual_seed(0), "cpu")
    first, second = draw(), draw()
    assert first.shape == (n, dimension)
    assert first.dtype == torch.float64
    assert ((first >= 0) & (first < 1)).all()
    assert not torch.equal(first, second)
    error = float(((first - 0.5) ** 2).prod(dim=1).mean() - 12.0**-dimension)
    assert abs(error) < {"random": 2e-4, "sobol": 2e-5, "lattice": 2e-5}[name]


def test_points_change_every_n_repeat_updates():
    integral = product(1)
    method = unscaled(integral, n_repeat=3)
    batches, n_drawn = drawn(method), []
    replica = training.Replica(method, 0)
    for done in range(7):
        replica.update(done)
        n_drawn.append(len(batches))
    assert n_drawn == [1, 1, 1, 2, 2, 2, 3]
    assert len({batch.target[0].item() for batch in batches}) == 3


@pytest.mark.parametrize("shared", [True, False])
def test_replicas_share_their_points_on_request(shared):
    method = unscaled(product(1), shared_points=shared)
    batches = drawn(method)
    first, second = (training.Replica(method, index) for index in (0, 1))
    assert torch.equal(batches[0].t, batches[1].t) == shared
    assert not torch.equal(first.network.first.weight, second.network.first.weight)


def test_points_in_parts_have_the_gradients_of_all_at_once(monkeypatch):
    method = unscaled(product(2), precision="float64")
    batches, sizes, gradients, losses = drawn(method), [], [], []

    def watched(network, s, t):
        sizes.append(len(s))
        return mixed_partial(network, s, t)

    monkeypatch.setattr(training, "mixed_partial", watched)
    for at_once in (training.NUMBERS_AT_ONCE, 100 * 2**2 * 16 * 2):  # 100 of 256 points
        monkeypatch.setattr(training, "NUMBERS_AT_ONCE", at_once)
        replica = training.Replica(method, 0)
        untrained = copy.deepcopy(replica.network)
        replica.update(0)
        losses.append(float(replica.loss))
        gradients.append(torch.cat([p.grad.flatten() for p in replica.network.parameters() if p.grad is not None]))
    assert sizes == [256, 100, 100, 56]
    assert losses[0] == pytest.approx(losses[1], rel=1e-12)
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-12)
    s, t, target = batches[0]
    residuals = mixed_partial(untrained, s, t) - target
    assert losses[0] == pytest.approx(float(residuals.detach().square().mean()), rel=1e-12)


# ----- learning rate and selection ------------------------------------------------------------------------------------


def rates(schedule, losses, **fields):
    optimiser = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    step = training_choices.SCHEDULES[schedule](optimiser, **({"factor": 0.5, "patience": 9} | fields))
    found = [optimiser.param_groups[0]["lr"]]
    for done, loss in enumerate(losses, 1):
        step(done, loss)
        found.append(optimiser.param_groups[0]["lr"])
    return found


def test_plateau_lowers_the_rate_when_the_loss_stops_falling():
    assert rates("plateau", [3.0, 2.0, 2.0, 2.0, 2.0], factor=0.1, patience=2) == pytest.approx([1, 1, 1, 1, 1, 0.1])


def test_inverse_sqrt_rises_and_then_falls():
    found = rates("inverse_sqrt", [1.0] * 1500)
    assert found[0] == pytest.approx(1 / training_choices.FIRST_UPDATES)
    assert np.argmax(found) == pytest.approx(training_choices.FIRST_UPDATES, abs=2)
    assert found[4 * 300 - training_choices.DECAY] == pytest.approx(0.5)  # √(1 + 3)


def test_constant_is_constant():
    assert rates("constant", [1.0, 1.0]) == [1.0, 1.0, 1.0]


def weight_after(selection, losses):
    """Return the kept value of a weight that is n after n updates, with such validation losses at each look."""
    network = torch.nn.Linear(1, 1, bias=False)
    looks = iter(losses)
    chosen = training_choices.SELECTIONS[selection](network, lambda: next(looks))
    for done in range(1, 401):
        torch.nn.init.constant_(network.weight, done)
        chosen.look(done)
    return float(chosen.network.weight)


@pytest.mark.parametrize(("losses", "kept"), [([4, 3, 2, 1], 400), ([4, 1, 2, 3], 200), ([1, float("nan"), 2, 3], 100)])
def test_best_is_the_best_of_every_hundredth_update(losses, kept):
    assert weight_after("best", losses) == kept


def test_last_is_the_last_and_average_lies_a_little_before():
    assert weight_after("last", []) == 400
    assert 350 < weight_after("average", []) < 390


def test_best_follows_the_training_before_its_first_look():
    integral = product(1)
    np.testing.assert_array_equal(
        values(integral, selection="best", n_updates=60), values(integral, selection="last", n_updates=60)
    )


# ----- budget, seeds, fields ------------------------------------------------------------------------------------------


def test_the_best_by_labels_is_the_best_there(monkeypatch):
    """Weights are looked at four times: those chosen by labels have the most digits on them of all."""
    monkeypatch.setattr(training_choices, "SELECT_EVERY", 15)
    integral = product(2)
    fields = {"width": 8, "lattice_size": 128, "n_replicas": 1, "learning_rate": 0.05}
    chosen = methods.create(
        "published_primitive", n_updates=60, selection="best", labels="gauss_legendre", **fields
    ).fit(integral)
    s = integral.sample(published_primitive.N_LABELS, seed=0)

    def miss(method):
        return np.log10(np.abs(method.integrate(s).value / integral.exact(s) - 1)).mean()

    misses = []
    for n_updates in (15, 30, 45, 60):
        last = methods.create("published_primitive", n_updates=n_updates, selection="last", **fields).fit(integral)
        misses.append(miss(last))
    assert miss(chosen) == pytest.approx(min(misses), rel=1e-4)
    assert min(misses) < max(misses)


@pytest.mark.parametrize("fields", [{}, {"schedule": "plateau", "selection": "best"}], ids=["average", "best"])
def test_a_fit_cut_short_by_its_budget_can_be_repeated(fields):
    integral = product(2)
    first = small(n_updates=None, **fields).fit(integral, budget=1.0)
    again = small(n_updates=first.n_updates_, **fields).fit(integral)
    s = integral.sample(20, seed=0)
    np.testing.assert_array_equal(first.integrate(s).value, again.integrate(s).value)


def test_budget_is_kept(own_time):
    own_time.tick = 0.01
    small(n_updates=None).fit(product(2), budget=1.0)
    assert 0.5 < own_time.now < 1.1


def test_time_inside_the_monitor_does_not_count():
    calls = []

    def monitor(method):
        calls.append(method.integrate(product(2).sample(3, seed=0)).value)
        time.sleep(0.05)

    method = small(n_updates=100).fit(product(2), budget=60.0, monitor=monitor)
    assert len(calls) == 4
    without = small(n_updates=100).fit(product(2))
    s = product(2).sample(3, seed=0)
    np.testing.assert_array_equal(method.integrate(s).value, without.integrate(s).value)


def test_seeds_differ():
    integral = product(1)
    assert not np.allclose(values(integral, seed=0, n_updates=20), values(integral, seed=1, n_updates=20))


def test_global_random_state_and_default_dtype_are_untouched():
    before = torch.get_rng_state()
    for points in training_choices.POINTS:
        small(n_updates=2, points=points).fit(product(1))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_default_dtype() == torch.float32


NAMED = (
    *("activation", "transform", "precision", "normalisation", "scale", "scaling", "points", "schedule", "selection"),
    *("gain_convention", "uncertainty"),
)


@pytest.mark.parametrize(
    ("field", "value"), [*((field, "nonsense") for field in NAMED), ("n_replicas", 0), ("gain", -1.0), ("n_updates", 0)]
)
def test_fields_are_checked(field, value):
    with pytest.raises(InputError, match=field):
        small(**{field: value}).fit(product(1))


def test_an_integrand_that_vanishes_at_the_centre_is_refused():
    from integrals import callable_integral

    integral = callable_integral(lambda s, x: s[..., 0] * (x[..., 0] - 0.5))
    with pytest.raises(InputError, match="vanishes"):
        small().fit(integral)
    assert np.isfinite(small(normalisation="none", n_updates=2).fit(integral).scale_)


def test_a_training_that_diverges_is_refused(monkeypatch):
    update = training.Replica.update

    def diverging(replica, done):
        update(replica, done)
        if done == 2:
            replica.kept.last.weight.fill_(float("nan"))

    monkeypatch.setattr(training.Replica, "update", diverging)
    with pytest.raises(InputError, match="diverged after 3 updates"):
        small(n_updates=3).fit(product(1))
    assert np.isfinite(values(product(1), n_updates=2)).all()


def test_a_training_that_diverges_ends_soon(monkeypatch):
    """Not after all updates: they would take hours on weights that are NaN."""
    update = training.Replica.update

    def diverging(replica, done):
        update(replica, done)
        if done == 2:
            torch.nn.init.constant_(replica.network.last.weight, float("nan"))

    monkeypatch.setattr(training.Replica, "update", diverging)
    with pytest.raises(InputError, match=r"diverged after [1-9]\d? updates"):
        small(n_updates=1000).fit(product(1))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu", "softsign", "softplus", "polylog3", "relu3"])
def test_activations_of_the_ablations_train(activation):
    assert activation in ACTIVATIONS
    assert np.isfinite(values(product(2), activation=activation, n_updates=3)).all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_the_same_within_float32():
    integral = product(1)
    np.testing.assert_allclose(
        *(values(integral, device=device, n_updates=50) for device in ("cpu", "cuda")), rtol=1e-3
    )
