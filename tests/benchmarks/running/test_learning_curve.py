"""How accuracy grows while a method trains: looks lie a factor apart, and count neither as training nor as its work."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from broken_methods import Exact
from integrals import product

from benchmarks.running.evaluation_counter import Meter
from benchmarks.running.learning_curve import DIAGNOSTICS_FACTOR, FACTOR, POINTS, LearningCurve
from references import Truth

STEPS = 30
"""Steps of the training, of a second and one evaluation each."""

LOOK_S, LOOK_EVALUATIONS = 7.0, 1000
"""Seconds and evaluations that a call of the method takes, whatever the number of values."""


@dataclass(kw_only=True)
class Trains(Exact):
    """Trains step by step, on a clock of the test's own, and can say how its training stands."""

    name: ClassVar[str] = "trains"

    meter: Meter

    def fit(self, integral, *, budget=None, monitor=None):
        self.integral_ = integral
        for _ in range(STEPS):
            time.sleep(1.0)
            self.meter.n_eval += 1
            monitor(self)
        return self

    def integrate(self, s):
        time.sleep(LOOK_S)
        self.meter.n_eval += LOOK_EVALUATIONS
        self.seen = s
        return super().integrate(s)

    def diagnose(self):
        time.sleep(LOOK_S)
        return {"loss": 0.5}


@pytest.fixture
def trained(own_time):
    """Return a function that trains a method with a monitor: the method, the curve, and the seconds of training."""
    own_time.tick = 0.0

    def trained(*, diagnostics, factor=1.01):
        integral, meter = product(1), Meter()
        s = integral.sample(POINTS + 50, seed=1)
        uniform = np.arange(len(s)) >= 10
        truth = Truth(s, integral.exact(s), np.zeros(len(s)), uniform, "the closed form")
        curve, method = LearningCurve(meter, truth, diagnostics=diagnostics), Trains(meter=meter, factor=factor)
        method.fit(integral, monitor=curve.monitor)
        return method, curve, curve.end(method)

    return trained


def assert_apart(points, factor):
    """Each look but the first is made at the first step at which so large a factor has passed since the last one."""
    seconds = [point["fit_s"] for point in points]
    assert seconds[0] == 1.0
    for earlier, later in itertools.pairwise(seconds):
        assert later - 1.0 <= factor * earlier < later


@pytest.mark.parametrize("diagnostics", [True, False])
def test_looks_are_neither_time_nor_evaluations_of_the_training(trained, own_time, diagnostics):
    method, curve, fit_s = trained(diagnostics=diagnostics)
    assert own_time.now >= STEPS + LOOK_S * len(curve.anytime) > STEPS  # so long did the looks take
    assert fit_s == STEPS
    assert method.meter.n_eval == STEPS


def test_looks_lie_a_factor_apart(trained):
    _, curve, _ = trained(diagnostics=True)
    assert_apart(curve.anytime, FACTOR)
    *while_training, last = curve.diagnostics
    assert_apart(while_training, DIAGNOSTICS_FACTOR)
    assert last["fit_s"] == STEPS
    assert len(curve.anytime) < len(while_training) < STEPS


def test_a_look_tells_the_digits_at_uniform_points(trained):
    method, curve, _ = trained(diagnostics=True)
    assert curve.anytime[0] == {"fit_s": 1.0, "digits_mean": 2.0}
    assert curve.diagnostics[0] == {"fit_s": 1.0, "digits_mean": 2.0, "loss": 0.5}
    np.testing.assert_array_equal(method.seen, product(1).sample(POINTS + 50, seed=1)[10 : 10 + POINTS])


def test_values_that_are_not_finite_are_no_point_and_take_no_time(trained):
    method, curve, fit_s = trained(diagnostics=False, factor=np.nan)
    assert curve.anytime == []
    assert (fit_s, method.meter.n_eval) == (STEPS, STEPS)


def test_nobody_asks_for_diagnostics_that_are_not_wanted(trained):
    assert trained(diagnostics=False)[1].diagnostics is None
