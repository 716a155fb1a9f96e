"""Training diagnostics: figures per layer against automatic differentiation, and on their way into a record."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sample_records
import torch
from integrals import product

import methods
from benchmarks.records import run_records
from benchmarks.running import plan
from benchmarks.running.evaluation_counter import Meter
from benchmarks.running.jobs import Job
from benchmarks.running.learning_curve import LearningCurve
from benchmarks.running.plan import Options
from benchmarks.running.suite import Suite
from benchmarks.running.task import Place
from methods.deep import diagnostics
from methods.deep.network import PrimitiveNetwork
from methods.deep.training import Replica
from methods.published_primitive import N_LABELS

SMALL = {"width": 8, "depth": 3, "lattice_size": 128, "n_updates": 50, "n_replicas": 1}


def network(k, depth=3):
    generator = torch.Generator().manual_seed(0)
    return PrimitiveNetwork(k, 2, 5, depth, "tanh", torch.float64, gain=2.0, generator=generator)


def derivative(a, t, order):
    """Return ∂^order a/∂t1… of each node, a (n, nodes), at its own point t (n, k): (n, nodes)."""
    columns = list(a.T)
    for i in range(order):
        columns = [torch.autograd.grad(column.sum(), t, create_graph=True)[0][:, i] for column in columns]
    return torch.stack(columns, dim=1)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_figures_of_layers_are_those_of_automatic_differentiation(k):
    net = network(k)
    generator = torch.Generator().manual_seed(1)
    s, t = (torch.rand(20, columns, dtype=torch.float64, generator=generator) for columns in (2, k))
    found = diagnostics.of_layers(net, s, t)
    assert len(found) == 3
    a = torch.cat([t.requires_grad_(), s], dim=1)
    for figures, layer in zip(found, (net.first, *net.layers()), strict=True):
        a = torch.tanh(layer(a))
        orders = {"activation": 0, "mixed": k} | ({"second": 2} if k > 1 else {})
        assert set(figures) == {f"{name}_{what}" for name in orders for what in ("mean", "std")} | {"dead_share"}
        for name, order in orders.items():
            values = derivative(a, t, order)
            assert figures[f"{name}_mean"] == pytest.approx(float(values.mean().detach()), rel=1e-10)
            assert figures[f"{name}_std"] == pytest.approx(float(values.std().detach()), rel=1e-10)


def test_nodes_whose_derivative_hardly_moves_are_dead():
    alpha = torch.randn(1000, 8, generator=torch.Generator().manual_seed(0))
    assert diagnostics.dead_share(alpha) == 0
    alpha[:, 0] = 3.0
    alpha[:, 1] *= 1e-4
    assert diagnostics.dead_share(alpha) == 2 / 8


def test_saturated_nodes_are_counted_as_dead():
    net = network(2, depth=1)
    with torch.no_grad():
        net.first.bias[:2] = 30.0
    s, t = torch.rand(50, 2, dtype=torch.float64), torch.rand(50, 2, dtype=torch.float64)
    assert diagnostics.of_layers(net, s, t)[0]["dead_share"] == 2 / 5


def test_gradients_are_those_of_the_last_update():
    net = network(1)
    assert np.isnan(diagnostics.of_gradients(net)).all()
    net(torch.ones(4, 2, dtype=torch.float64), torch.ones(4, 1, dtype=torch.float64)).sum().backward()
    assert diagnostics.of_gradients(net)[0] == pytest.approx(float(net.first.weight.grad.std()))


def test_a_trained_primitive_tells_how_it_stands():
    integral = product(2)
    told = []
    method = methods.create("published_primitive", **SMALL)
    method.fit(integral, monitor=lambda state: told.append(state.diagnose()))
    assert len(told) == 2
    json.dumps(told, allow_nan=False)
    assert told[1]["validation_loss"] < told[0]["validation_loss"]
    assert told[0]["learning_rate"] == pytest.approx(5e-3 * 26 / 50 / (1 + 25 / 300) ** 0.5)
    assert len(told[0]["layers"]) == 3
    assert all(layer["gradient_std"] > 0 for layer in told[0]["layers"])


def test_digits_on_labels_are_those_of_the_weights_in_training():
    """With "last" these are the weights that count, so that `integrate` has the same digits there."""
    integral = product(2)
    method = methods.create("published_primitive", **SMALL, labels="gauss_legendre", selection="last").fit(integral)
    s = integral.sample(N_LABELS, seed=0)
    digits = -np.log10(np.abs(method.integrate(s).value / integral.exact(s) - 1))
    found = method.diagnose()
    assert found["label_digits_mean"] == pytest.approx(digits.mean(), abs=1e-3)
    assert found["label_digits_std"] == pytest.approx(digits.std(), rel=1e-2)


def test_telling_changes_nothing():
    integral = product(2)
    s = integral.sample(5, seed=0)
    values = [
        methods.create("published_primitive", **SMALL).fit(integral, monitor=monitor).integrate(s).value
        for monitor in (None, lambda state: state.diagnose())
    ]
    np.testing.assert_array_equal(*values)


def test_a_loaded_method_has_nothing_to_tell(tmp_path):
    method = methods.create("published_primitive", **SMALL).fit(product(1))
    method.save(tmp_path / "model")
    assert type(method).load(tmp_path / "model", product(1)).diagnose() == {}


def test_what_is_not_finite_is_none():
    """Before the first update there are neither a loss nor gradients."""
    replica = Replica(methods.create("published_primitive", **SMALL | {"n_updates": 1}).fit(product(2)), 0)
    figures = diagnostics.figures_of_training(replica)
    assert figures["loss"] is None
    assert [layer["gradient_std"] for layer in figures["layers"]] == [None] * 3
    assert figures["validation_loss"] > 0
    json.dumps(figures, allow_nan=False)


# ----- in the harness -------------------------------------------------------------------------------------------------


def suite_of(tmp_path, method, *, diagnostics):
    """Return a suite of one run, timed nowhere long; `n_updates` ends the training before the budget does."""
    options = Options(tmp_path, 0, "cpu", (Place("cpu", 1),), 0.0, diagnostics=diagnostics)
    runs = plan.runs({"box1l": [Job(method, 60.0, batches=(1,))]}, options)
    return Suite(runs, options, force=False, is_published=False, say=print)


def planned(tmp_path, method, *, diagnostics):
    """Return the run of that suite."""
    return suite_of(tmp_path, method, diagnostics=diagnostics).runs[0]


SPEC = "published_primitive," + ",".join(f"{key}={value}" for key, value in SMALL.items())


def curve_of(task):
    import references

    integral = references.integral("box1l")
    method, meter = methods.create(task.method, **task.fields), Meter()
    curve = LearningCurve(meter, task.truth, diagnostics=task.diagnostics)
    method.fit(meter.metered(integral), budget=task.budget_s, monitor=curve.monitor)
    before = meter.n_eval
    curve.end(method)
    assert meter.n_eval == before
    return curve


def test_diagnostics_are_noted_on_request_with_digits_beside_them(tmp_path):
    asked, silent = (planned(tmp_path, SPEC, diagnostics=asked) for asked in (True, False))
    assert asked.record(asked.places[0]) == silent.record(silent.places[0])
    noted = curve_of(asked.task).diagnostics
    assert len(noted) >= 2
    known = {"fit_s", "n_updates", "digits_mean", "validation_loss", "loss", "learning_rate", "layers"}
    assert known == set(noted[-1])
    assert (noted[0]["n_updates"], noted[-1]["n_updates"]) == (25, 50)
    assert noted[0]["fit_s"] < noted[-1]["fit_s"]
    assert curve_of(silent.task).diagnostics is None


def test_a_method_that_cannot_tell_leaves_an_empty_list(tmp_path):
    assert curve_of(planned(tmp_path, "chebyshev,epsrel=1e-3", diagnostics=True).task).diagnostics == []


def test_a_record_without_the_diagnostics_asked_for_is_not_reused(tmp_path):
    asked, silent = (suite_of(tmp_path, SPEC, diagnostics=asked) for asked in (True, False))
    (run,) = silent.runs
    timing = {"median": 1.0, "p10": 1.0, "p90": 1.0}
    finished = sample_records.record() | run.record(run.places[0]) | {"s_per_integral": {"1": timing}}
    run_records.write(tmp_path, finished)
    assert silent.is_fitted(run)
    assert not asked.is_fitted(asked.runs[0])
    run_records.write(tmp_path, finished | {"diagnostics": []})
    assert asked.is_fitted(asked.runs[0])
