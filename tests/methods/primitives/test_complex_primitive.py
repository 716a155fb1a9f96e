"""Primitives of complex integrals: closed forms, files, and what is refused."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
import torch
from honest_errors import assert_honest

import references
from methods import create
from methods.base import InputError
from methods.core.budget import Clock
from methods.core.least_squares import LeastSquares
from methods.core.thresholds import thresholds
from methods.primitives import complex_primitive, contour_target
from methods.primitives.contour_coordinates import ContourCoordinates
from methods.primitives.contour_sum import ContourSum


@pytest.fixture(scope="module")
def bubble():
    return references.integral("bubble_physical")


@pytest.fixture(scope="module")
def target(bubble):
    coordinates = ContourCoordinates(bubble, thresholds(bubble), "cpu")
    found, cut_short = contour_target.find(bubble, coordinates, seed=0, device="cpu", clock=Clock(None))
    assert not cut_short
    return found


@pytest.fixture(scope="module")
def primitive(bubble):
    return create("neural_primitive", width=60, n_updates=2, n_replicas=3).fit(bubble)


def test_coordinates_go_back_and_forth():
    box = references.integral("box1l_physical")
    coordinates = ContourCoordinates(box, {"s12": 4.0}, "cpu")
    ends = torch.tensor([box.low, box.high], dtype=torch.float64)
    torch.testing.assert_close(coordinates.u(ends).abs(), torch.ones(2, 3, dtype=torch.float64))
    s = torch.as_tensor(box.sample(10, seed=0))
    torch.testing.assert_close(coordinates.s(coordinates.u(s)), s)


def test_the_target_integrates_to_the_closed_form(target, bubble):
    u = torch.linspace(-1, 1, 9, dtype=torch.float64)[:, None]
    nodes, weights = np.polynomial.legendre.leggauss(64)
    t = torch.as_tensor((nodes + 1) / 2)[:, None]
    mean = torch.stack([target.g(one.expand(64, 1), t) for one in u]) @ torch.as_tensor(weights / 2 + 0j)
    found = (mean * target.h(u)).numpy()
    np.testing.assert_allclose(found, bubble.exact(target.coordinates.s(u).numpy()), rtol=1e-9)


def test_waves_are_integrals_with_the_weight(target):
    powers = torch.tensor([[1.0], [2.0]], dtype=torch.float64)
    weighted = dataclasses.replace(target, powers=powers)
    omega = torch.tensor([[0.0, 1.5]], dtype=torch.float64)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    t = (nodes + 1) / 2
    density = 12 * t * (1 - t) ** 2
    expected = [np.sum(weights / 2 * density * np.exp(1j * w * (2 * t - 1))) for w in (0.0, 1.5)]
    np.testing.assert_allclose(weighted.waves(omega).numpy(), expected, rtol=1e-12)


def test_points_have_the_density_of_the_weight(target):
    weighted = dataclasses.replace(target, powers=torch.tensor([[1.0], [1.0]], dtype=torch.float64))
    t = weighted.draw(torch.linspace(0, 1, 1001, dtype=torch.float64)[:, None])
    assert float(t.square().mean()) == pytest.approx(0.3, abs=1e-3)  # ∫ 6 t³ (1 − t) dt


@pytest.mark.parametrize("has_formula", [True, False])
def test_sums_over_nodes_on_the_contour_reach_the_closed_form(target, bubble, has_formula):
    without = dataclasses.replace(target, integral=dataclasses.replace(bubble, expression=None))
    u = torch.linspace(-1, 1, 9, dtype=torch.float64)[:, None]
    nodes, weights = (torch.as_tensor(part) / 2 for part in np.polynomial.legendre.leggauss(64))
    found = ContourSum(target if has_formula else without)(u, (nodes + 0.5)[:, None], weights)
    np.testing.assert_allclose(found.numpy(), bubble.exact(target.coordinates.s(u).numpy()), rtol=1e-9)


@pytest.mark.parametrize("width", [1, 200])
def test_the_second_stage_takes_over_what_any_sines_leave(bubble, width):
    few = create("neural_primitive", width=width, lattice_size=1024, n_updates=1, n_replicas=2).fit(bubble)
    s = bubble.sample(50, seed=3)
    assert np.abs(few.integrate(s).value / bubble.exact(s) - 1).max() < 1e-5


def test_terms_lattice_and_weight_are_told(bubble):
    fields = {"width": 60, "n_updates": 1, "n_replicas": 2}
    few = create("neural_primitive", n_terms=7, lattice_size=128, **fields).fit(bubble)
    assert few.details_["n_terms"] == 7
    assert few.details_["lattice_size"] == 128
    assert few.details_["korobov_weight"] in (1, 2)


@pytest.mark.slow
def test_two_loops_above_threshold():
    truth = references.truth("box2l_physical")
    fields = {"width": 300, "n_terms": 120, "lattice_size": 8192, "n_updates": 1, "n_replicas": 3}
    primitive = create("neural_primitive", **fields).fit(references.integral("box2l_physical"))
    value, error, n_eval = primitive.integrate(truth.s)
    distance = np.abs(value - truth.value)
    assert n_eval == 0
    assert -np.log10(distance / np.abs(truth.value)).mean() > 3
    assert_honest(distance / error, {3: 0.8})


def test_the_closed_form_is_reached_with_an_honest_error(primitive, bubble):
    s = bubble.sample(200, seed=3)
    value, error, n_eval = primitive.integrate(s)
    truth = bubble.exact(s)
    distance = np.abs(value - truth)
    assert n_eval == 0
    assert error.dtype == np.float64
    assert -np.log10(distance / np.abs(truth)).mean() > 3
    assert_honest(distance / error, {3: 0.8})
    assert primitive.replica_values(s).shape == (3, 200)


def test_saved_and_loaded_it_has_the_same_values(primitive, bubble, tmp_path):
    s = bubble.sample(5, seed=0)
    primitive.save(tmp_path / "model")
    again = type(primitive).load(tmp_path / "model", bubble)
    np.testing.assert_array_equal(again.integrate(s).value, primitive.integrate(s).value)
    assert again.n_updates_ == 2
    assert again.width_ == 60


def test_the_same_fields_give_the_same_values(primitive, bubble):
    s = bubble.sample(5, seed=0)
    again = create("neural_primitive", width=60, n_updates=2, n_replicas=3).fit(bubble)
    np.testing.assert_array_equal(again.integrate(s).value, primitive.integrate(s).value)


def test_the_width_follows_a_duration_read_after_a_number_has_come_from_the_device(bubble, monkeypatch):
    """A GPU returns from calls before it has made them, and for a number it has to make them all."""
    events, number, now = [], torch.Tensor.__float__, time.perf_counter

    class Noted(LeastSquares):
        def add(self, phi, y):
            super().add(phi, y)
            events.append("fit")

    monkeypatch.setattr(complex_primitive, "LeastSquares", Noted)
    monkeypatch.setattr(torch.Tensor, "__float__", lambda tensor: events.append("number") or number(tensor))
    monkeypatch.setattr(time, "perf_counter", lambda: events.append("clock") or now())
    create("neural_primitive", n_replicas=1, n_terms=5, lattice_size=64, n_updates=1).fit(bubble, budget=2.0)
    tried = events.index("fit")
    assert events[tried + 1 : tried + 3] == ["number", "clock"]


def test_a_short_budget_leaves_out_the_last_fit_of_the_contour(bubble, own_time):
    own_time.tick = 0.01
    short = create("neural_primitive", width=20, n_replicas=1).fit(bubble, budget=0.2)
    assert own_time.now < 0.3
    assert short.details_["cut_short"] == ["degree_of_map"]


def test_what_it_cannot_treat_is_refused(bubble):
    crossing = dataclasses.replace(bubble, low=(2.0,), high=(8.0,))
    with pytest.raises(InputError, match="both sides of the threshold s = 4"):
        create("neural_primitive").fit(crossing)
    assert "sum of 4 terms" in create("neural_primitive").unsupported(references.integral("box1l_sectors_physical"))
    for name in ("separable_primitive", "primitive_corrected"):
        assert "treats real integrals only" in create(name).unsupported(bubble)
