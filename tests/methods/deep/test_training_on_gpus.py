"""Training as a GPU does it, on a CPU: no update asks for a number of the device, and any can be the last of a process.

A dispatch mode sees each operation that torch is asked for: `aten::_local_scalar_dense` is how a number comes to the
host, for which a GPU has to finish all that it was given.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from integrals import product
from torch.utils._python_dispatch import TorchDispatchMode

import methods
from methods import published_primitive
from methods.base import InputError
from methods.deep import checkpoint, optimiser, training, training_choices

SMALL = {"width": 8, "depth": 2, "lattice_size": 64, "n_replicas": 2, "n_repeat": 5}

TO_HOST = (torch.ops.aten._local_scalar_dense, torch.ops.aten.is_nonzero, torch.ops.aten.nonzero)


class CountNumbersForTheHost(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func.overloadpacket in TO_HOST
        return func(*args, **(kwargs or {}))


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """Have a CPU use the optimiser of a GPU."""
    monkeypatch.setitem(optimiser.MAKERS, "cpu", optimiser.on_gpu)


def small(**fields):
    return methods.create("published_primitive", **{**SMALL, **fields})


def updates_counted(n=12, **fields):
    """Make updates of a replica, two draws of points among them; return how often the host was told a number."""
    replica = small(n_updates=1, **fields).fit(product(2)).replicas[0]
    with CountNumbersForTheHost() as counted:
        for done in range(1, n):
            replica.update(done)
    return counted.count


@pytest.mark.parametrize("schedule", training_choices.SCHEDULES)
@pytest.mark.parametrize("selection", ["last", "average", "best"])
@pytest.mark.parametrize("points", ["lattice"])
def test_an_update_asks_for_no_number(as_on_a_gpu, schedule, selection, points):
    assert updates_counted(schedule=schedule, selection=selection, points=points) == 0


def test_numbers_for_the_host_are_noticed(as_on_a_gpu, monkeypatch):
    class ByTorch(training_choices.Constant):
        def __call__(self, done, loss):
            float(loss)

    monkeypatch.setitem(training_choices.SCHEDULES, "constant", ByTorch)
    assert updates_counted(12, schedule="constant") == 11


def test_the_best_weights_cost_one_number_each_time_they_are_looked_for(as_on_a_gpu, monkeypatch):
    monkeypatch.setattr(training_choices, "SELECT_EVERY", 4)
    assert updates_counted(13, selection="best") == 3


@pytest.mark.parametrize("schedule", training_choices.SCHEDULES)
def test_the_optimiser_of_a_gpu_gives_the_same_within_float32(schedule, monkeypatch):
    fields = {"schedule": schedule, "patience": 3, "n_updates": 40}
    s = product(2).sample(20, seed=0)
    on_cpu = small(**fields).fit(product(2))
    monkeypatch.setitem(optimiser.MAKERS, "cpu", optimiser.on_gpu)
    on_gpu = small(**fields).fit(product(2))
    np.testing.assert_allclose(on_gpu.integrate(s).value, on_cpu.integrate(s).value, rtol=1e-3)
    rates = [float(optimiser.rate(method.replicas[0].optimiser)) for method in (on_cpu, on_gpu)]
    assert rates[0] == pytest.approx(rates[1], rel=1e-6)


def test_plateau_is_the_rule_of_torch():
    generator = torch.Generator().manual_seed(0)
    losses = (torch.rand(300, generator=generator, dtype=torch.float64) * torch.linspace(1, 0.5, 300)).tolist()
    losses[50] = float("nan")
    ours, theirs = (torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=0.01) for _ in range(2))
    step = training_choices.Plateau(ours, 0.1, 4)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, factor=0.1, patience=4)
    found = []
    for done, loss in enumerate(losses, 1):
        step(done, torch.tensor(loss, dtype=torch.float64))
        scheduler.step(loss)
        found.append((ours.param_groups[0]["lr"], theirs.param_groups[0]["lr"]))
    assert all(a == b for a, b in found)
    assert len(set(found)) > 4


# ----- going on in another process ------------------------------------------------------------------------------------


@pytest.mark.parametrize("makers", ["cpu", "gpu"])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"schedule": "plateau", "patience": 2, "selection": "best"},
        {"points": "random", "selection": "last", "shared_points": True, "schedule": "constant"},
    ],
    ids=lambda fields: fields.get("schedule", "default"),
)
@pytest.mark.parametrize("n_first", [10, 13])
def test_training_goes_on_as_if_it_had_not_been_interrupted(fields, n_first, makers, monkeypatch):
    monkeypatch.setattr(training_choices, "SELECT_EVERY", 9)
    if makers == "gpu":
        monkeypatch.setitem(optimiser.MAKERS, "cpu", optimiser.on_gpu)
    integral, n = product(2), 31
    s = integral.sample(20, seed=0)
    whole = small(n_updates=n, **fields).fit(integral)
    state = small(n_updates=n_first, **fields).fit(integral).training_state()
    rest = small(n_updates=n, **fields).resume(integral, state)
    assert rest.n_updates_ == n
    np.testing.assert_array_equal(rest.integrate(s).value, whole.integrate(s).value)
    again, expected = rest.training_state(), whole.training_state()
    assert sorted(again) == sorted(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(again[name], array, err_msg=name)


def test_training_without_a_budget_goes_on_to_the_number_of_updates_of_a_fit_without_one(monkeypatch):
    monkeypatch.setattr(published_primitive, "UPDATES_WITHOUT_BUDGET", 12)
    state = small(n_updates=10).fit(product(2)).training_state()
    assert small(n_updates=None).fit(product(2)).n_updates_ == 12
    assert small(n_updates=None).resume(product(2), state).n_updates_ == 12


def test_what_a_checkpoint_leaves_out_changes_the_result():
    """Negative control: without Adam's moments the same numbers of updates end elsewhere."""
    integral = product(2)
    s = integral.sample(20, seed=0)
    whole = small(n_updates=31).fit(integral)
    state = small(n_updates=13).fit(integral).training_state()
    forgetful = {key: array for key, array in state.items() if "moments" not in key}
    rest = small(n_updates=31).resume(integral, forgetful)
    assert not np.array_equal(rest.integrate(s).value, whole.integrate(s).value)


@pytest.mark.parametrize(
    "fields", [{"n_replicas": 1}, {"n_replicas": 3}, {"width": 9}, {"depth": 3}, {"schedule": "plateau"}], ids=str
)
def test_a_state_of_other_fields_is_refused(fields):
    state = small(n_updates=2).fit(product(2)).training_state()
    method = small(n_updates=3, **fields)
    with pytest.raises(InputError, match="not that of a published_primitive with these fields"):
        method.resume(product(2), state)
    with pytest.raises(InputError, match="is not fitted; call fit or load it first"):
        method.integrate(product(2).sample(3, seed=0))


def test_a_lack_of_memory_is_not_taken_for_a_state_of_other_fields(monkeypatch):
    state = small(n_updates=2).fit(product(2)).training_state()

    def restore(replica, arrays):
        raise torch.cuda.OutOfMemoryError

    monkeypatch.setattr(checkpoint, "restore", restore)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        small(n_updates=3).resume(product(2), state)


def test_a_state_does_not_change_when_training_goes_on():
    method = small(n_updates=3).fit(product(2))
    state = method.training_state()
    before = {key: array.copy() for key, array in state.items()}
    method.replicas[0].update(3)
    for key, array in before.items():
        np.testing.assert_array_equal(state[key], array)


def test_a_fit_waits_only_now_and_then(monkeypatch):
    """The loss becomes a number once per so many updates as fit into BETWEEN_WAITS_S."""
    monkeypatch.setattr("methods.published_primitive.BETWEEN_WAITS_S", 1e9)
    numbers = []
    original = training.Replica.update

    def update(self, done):
        original(self, done)
        numbers.append(self.loss)
        self.loss = Loss(self.loss)

    class Loss:
        n_waits = 0

        def __init__(self, loss):
            self.loss = loss

        def __float__(self):
            Loss.n_waits += 1
            return float(self.loss)

    monkeypatch.setattr(training.Replica, "update", update)
    small(n_updates=100, n_replicas=1).fit(product(2))
    assert len(numbers) == 100
    assert Loss.n_waits == 5  # after the first update, and at each 25th, where the monitor is called
