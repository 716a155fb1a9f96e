"""The neural primitive: accuracy, what each stage is for, its error, budget, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from integrals import costly, product

import methods
import references
from methods import neural_primitive
from methods.base import InputError, ParametricIntegral
from methods.primitives import two_stages
from methods.tables import replica_tables


def fitted(name: str = "neural_primitive", integral: ParametricIntegral | None = None, **fields):
    return methods.create(name, **{"width": 150, "n_terms": 200, "n_updates": 2, "n_replicas": 2} | fields).fit(
        integral or product(2)
    )


def digits(method, integral: ParametricIntegral, n: int = 200) -> np.ndarray:
    s = integral.sample(n, seed=5)
    return -np.log10(np.abs(method.integrate(s).value / integral.exact(s) - 1) + 1e-16)


@pytest.mark.parametrize("name", ["neural_primitive", "separable_primitive"])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_learns_four_digits_in_a_second(name, k):
    integral = product(k)
    assert digits(fitted(name, integral), integral).mean() > 4


def test_box1l_to_six_digits():
    integral, truth = references.integral("box1l"), references.truth("box1l")
    method = fitted(integral=integral, width=300, n_terms=200)
    error = np.abs(method.integrate(truth.s).value / truth.value - 1)
    assert -np.log10(error[truth.uniform]).mean() > 6
    assert error.max() < 1e-4


def test_each_stage_is_worth_its_while():
    """On box1l, by the standard deviation of what is left to fit; the best map that depends on s alone leaves 0.23."""
    integral = references.integral("box1l")
    details = fitted(integral=integral, width=500, n_terms=30, n_updates=1).details_
    assert details["spread_after_map"] < 0.05
    assert details["spread_after_neurons"] < 0.2 * details["spread_after_map"]


def test_larger_lattices_have_more_digits():
    integral, truth = references.integral("box1l"), references.truth("box1l")
    errors = []
    for lattice_size in (64, 1024):
        fields = {"lattice_size": lattice_size, "width": 50, "n_terms": 100, "n_updates": 1, "n_replicas": 1}
        method = fitted(integral=integral, **fields)
        errors.append(np.median(np.abs(method.integrate(truth.s).value / truth.value - 1)))
    assert errors[1] < 0.1 * errors[0]


def test_the_mixed_derivative_is_the_integrand():
    """Its mean square distance from g is what `details_` says, on points that no fit has seen."""
    integral = references.integral("box1l")
    method = fitted(integral=integral, width=300, n_terms=60, n_updates=1)
    generator = torch.Generator().manual_seed(7)
    unit = torch.rand(4000, 6, generator=generator, dtype=torch.float64)
    u, t = 2 * unit[:, 3:] - 1, method.map_.draw(unit[:, :3])
    s = method.coordinates.s(u)
    g = method.map_.target(integral, s, u, t)
    replica, total = method.replicas_[0], method.tables_(s)[0] / method.map_.norm(u)
    of_replica = replica.network.neurons(u, t) @ replica.c + total - replica.corner_sum(u, method.map_.powers)
    left = float((g - of_replica).std())
    assert left == pytest.approx(method.details_["spread_after_neurons"], rel=0.5)
    assert left < 0.5 * float(g.std())


def test_an_integrand_of_both_signs():
    integral = ParametricIntegral(
        name="wave", k=2, parameters=("a",), low=(-1.0,), high=(1.0,),
        integrand=lambda s, x: 0.5 + (x[..., 0] - 0.9) * s[..., 0] + x[..., 1] ** 2 * s[..., 0] - 0.5,
        exact=lambda s: s[:, 0] * (0.5 - 0.9 + 1 / 3),
    )  # fmt: skip
    s = integral.sample(50, 0)
    np.testing.assert_allclose(fitted(integral=integral).integrate(s).value, integral.exact(s), atol=1e-5)


def test_replicas_tell_the_error():
    integral = product(2)
    method = fitted(n_replicas=8)
    s = integral.sample(300, 1)
    estimate = method.integrate(s)
    assert estimate.n_eval == 0
    pulls = (estimate.value - integral.exact(s)) / estimate.error
    assert 0.05 < np.sqrt((pulls**2).mean()) < 3


@pytest.mark.parametrize("name", ["neural_primitive", "separable_primitive"])
def test_what_too_few_terms_leave_is_part_of_the_error(name, tmp_path):
    """Three terms are too few for all replicas alike; the steps of the error, and files, have it, too."""
    integral = product(2)
    method = fitted(name, n_terms=3, n_updates=2, n_replicas=3)
    s = integral.sample(100, 1)
    value, error, _ = method.integrate(s)
    spread, tables = method.replica_values(s).std(axis=0, ddof=1), method.tables_
    assert tables.misfit > 0
    np.testing.assert_allclose(error, np.hypot(spread, tables.target.error(value, tables.misfit)), rtol=1e-12)
    assert 0.05 < np.sqrt(np.mean(((value - integral.exact(s)) / error) ** 2)) < 3
    method.save(tmp_path / "model")
    again = type(method).load(tmp_path / "model", integral)
    np.testing.assert_array_equal(again.integrate(s).error, error)
    np.testing.assert_allclose(again.integrate(s[:5]).error, error[:5], rtol=1e-6)


def test_the_last_lattices_are_tabulated_once(monkeypatch):
    """The only update has been tabulated by the end, and of three the first and the last one are."""
    n_calls, tabulated = 0, replica_tables.fitted

    def counted(*arguments):
        nonlocal n_calls
        n_calls += 1
        return tabulated(*arguments)

    monkeypatch.setattr(replica_tables, "fitted", counted)
    fields = {"width": 30, "n_terms": 10, "lattice_size": 64, "n_replicas": 1}
    for n_updates, expected in ((1, 1), (3, 2)):
        n_calls = 0
        fitted(n_updates=n_updates, **fields)
        assert n_calls == expected


def test_nothing_of_a_real_integral_is_left_after_a_complex_one():
    method = fitted(width=30, n_terms=10, lattice_size=64, n_updates=1)
    bubble = references.integral("bubble_physical")
    method.fit(bubble)
    assert not {"map_", "replicas_", "tables_", "coordinates"} & set(vars(method))
    method.fit(product(2))
    assert "_complex_series" not in vars(method)
    assert method.tables_.coefficients.shape[0] == 2


@pytest.mark.slow
def test_a_fit_cut_short_by_its_budget_can_be_repeated(own_time):
    own_time.tick = 0.002
    fields = {"width": 60, "n_replicas": 2, "n_terms": 50, "lattice_size": 64}
    first = methods.create("neural_primitive", **fields).fit(product(2), budget=0.4)
    assert first.details_["cut_short"] == []
    assert first.n_updates_ > 1
    again = methods.create("neural_primitive", **fields, n_updates=first.n_updates_).fit(product(2))
    s = product(2).sample(20, 0)
    np.testing.assert_array_equal(first.integrate(s).value, again.integrate(s).value)


@pytest.mark.slow
def test_budget_and_width(own_time):
    own_time.tick = 0.01
    method = methods.create("neural_primitive", n_replicas=1).fit(product(2), budget=1.0)
    assert method.width_ == 500
    assert 0.5 < own_time.now < 1.1


def test_the_neurons_are_fewer_where_the_machine_is_too_slow_for_them(own_time, monkeypatch):
    """An eighth of the time is that of half the neurons; no time passes but what the estimate says."""
    own_time.tick = 0.0
    monkeypatch.setattr(neural_primitive.NeuralPrimitive, "neurons", 80)
    available_s = 8.0 * neural_primitive.STAGE_ONE_SHARE
    for factor, width in ((0.5, 160), (1.0, 160), (8.0, 80), (1e9, neural_primitive.LEAST_WIDTH)):
        monkeypatch.setattr(two_stages, "seconds_of_stage_one", lambda *_, s=factor * available_s / 4: s)
        fields = {"n_replicas": 4, "n_terms": 10, "lattice_size": 64, "n_updates": 1}
        method = methods.create("neural_primitive", **fields).fit(product(1), budget=8.0)
        assert method.width_ == pytest.approx(width, rel=0.01)


def test_the_time_of_the_neurons_is_estimated_from_a_part_of_their_points(own_time):
    method = fitted(width=30, points_per_neuron=10, n_updates=1)
    method.integral_ = costly(product(2), 1e-3)
    assert two_stages.seconds_of_stage_one(method, 300) == pytest.approx(300 * 10 * 1e-3, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["neural_primitive", "separable_primitive", "primitive_corrected"])
def test_a_dear_integrand_leaves_the_budget_kept(own_time, name):
    own_time.tick = 0.01
    method = methods.create(name, n_replicas=1, n_updates=None, width=30).fit(costly(product(2), 1e-6), budget=2.0)
    assert 1.0 < own_time.now < 1.1 * 2
    assert method.n_updates_ >= 1


def test_what_the_budget_ended_is_written_down(own_time):
    fields = {"n_replicas": 1, "width": 30, "n_updates": 1}
    free = methods.create("neural_primitive", **fields).fit(product(3), budget=10.0)
    assert free.details_["cut_short"] == []
    costly_fit = methods.create("neural_primitive", **fields).fit(costly(product(3), 1e-4), budget=10.0)
    assert costly_fit.details_["cut_short"] == ["coordinates", "order_of_map"]


def test_the_monitor_sees_a_method_that_can_integrate():
    seen = []
    integral = product(2)
    methods.create("neural_primitive", width=50, n_terms=30, n_replicas=1, n_updates=5).fit(
        integral, monitor=lambda method: seen.append((method.n_updates_, method.integrate(integral.sample(3, 0)).value))
    )
    assert [n for n, _ in seen] == [1, 2, 4]
    assert all(np.isfinite(value).all() for _, value in seen)


@pytest.mark.slow
def test_a_file_is_a_few_hundred_kb_and_holds_the_replicas_to_the_last_digit(tmp_path):
    """The width is what 64 seconds give: four replicas of 2,000 neurons on box1l, and their tables."""
    integral = references.integral("box1l")
    method = fitted(
        integral=integral, width=2000, n_replicas=4, n_terms=500, n_updates=1, points_per_neuron=2, precision="float32"
    )
    method.save(tmp_path / "model")
    assert (tmp_path / "model").stat().st_size < 400_000
    again = type(method).load(tmp_path / "model", integral)
    s = torch.as_tensor(integral.sample(20, 3))
    for before, after in zip(method.replicas_, again.replicas_, strict=True):
        u = method.coordinates.u(s)
        np.testing.assert_array_equal(after.corner_sum(u, again.map_.powers), before.corner_sum(u, method.map_.powers))
        assert torch.equal(after.c, before.c)
    np.testing.assert_array_equal(again.integrate(s.numpy()).value, method.integrate(s.numpy()).value)


def test_seeds_differ_and_global_random_state_stays():
    state, dtype = torch.get_rng_state(), torch.get_default_dtype()
    s = product(2).sample(5, 0)
    values = [fitted(seed=seed).integrate(s).value for seed in (0, 0, 1)]
    np.testing.assert_array_equal(values[0], values[1])
    assert not np.array_equal(values[0], values[2])
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_default_dtype() is dtype


@pytest.mark.parametrize(
    ("field", "value"),
    [("width", 0), ("n_terms", 0), ("lattice_size", 100), ("n_replicas", 0), ("omega", -1.0), ("precision", "half")],
)
def test_fields_are_checked(field, value):
    with pytest.raises(InputError, match=field):
        fitted(**{field: value})


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_gives_the_same_within_float32():
    integral = product(2)
    s = integral.sample(20, 0)
    values = [fitted(device=device).integrate(s).value for device in ("cpu", "cuda")]
    np.testing.assert_allclose(values[0], values[1], rtol=1e-4)
