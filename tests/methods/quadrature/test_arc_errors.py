"""Preparing the comparison of rules along a contour takes time until it is prepared, and none afterwards."""

from __future__ import annotations

import torch

from methods.quadrature.arc_errors import Candidates, mean_squared_errors, seconds_to_prepare


def test_rules_take_time_until_they_are_prepared(own_time):
    few = Candidates((0.5, 1.0, 2.0), (0.0, 0.9), 5, 12)
    first, again = seconds_to_prepare(few), seconds_to_prepare(few)
    assert first > 5 * own_time.tick  # of six maps
    assert abs(again / first - 1) < 1e-9
    mean_squared_errors(torch.ones(1, 12, dtype=torch.complex128), few)
    assert seconds_to_prepare(few) == 0
