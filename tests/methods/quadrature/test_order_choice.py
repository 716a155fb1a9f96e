"""Orders within a number of nodes and a budget: what a node takes, and how far orders grow."""

from __future__ import annotations

import dataclasses
import time

import torch
from integrals import plain

from methods.core.budget import Clock
from methods.quadrature import order_choice
from methods.quadrature.axis_choice import AxisErrors, choose_orders

AXIS = AxisErrors([0.5**n for n in range(1, 41)], [1.0] * 40)


def test_what_the_first_evaluation_prepares_is_not_what_its_nodes_take(own_time):
    own_time.tick, preparation, inner = 1e-6, iter([5.0]), plain(2)

    def integrand(s, x):
        time.sleep(next(preparation, 0.0))
        return inner.integrand(s, x)

    s = torch.as_tensor(inner.sample(8, seed=0))
    prepared_once = dataclasses.replace(inner, integrand=integrand)
    found, n_allowed = order_choice.choose(prepared_once, [[AXIS, AXIS]], s, 1e-14, 1500, Clock(10.0))
    assert n_allowed == 1500
    assert found.rules.orders.prod() > 1400


def test_orders_stay_once_the_parameter_that_errs_most_has_its_highest_one():
    slow, fast = AxisErrors([1.0, 0.9, 0.8], [0.0] * 3), AxisErrors([0.5, 0.1, 0.01], [0.0] * 3)
    assert choose_orders([[slow, fast]], 1e-3, 1000, 1000, 1) == [[3, 1]]
