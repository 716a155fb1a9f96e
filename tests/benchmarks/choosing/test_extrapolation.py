"""Forecasts from pilots: exact where the law holds, capped by the knob, none where digits are saturated."""

from __future__ import annotations

import pytest

from benchmarks.choosing.candidates import CANDIDATES, Candidate
from benchmarks.choosing.extrapolation import MARGIN, expected
from benchmarks.choosing.pilots import Pilot

BY_NAME = {candidate.method: candidate for candidate in CANDIDATES}
RULE, TABLE, LATTICE = BY_NAME["gauss_legendre"], BY_NAME["total_degree"], BY_NAME["lattice_qmc"]


def pilot(candidate: Candidate, setting: float, digits: float, us: float = 1.0, preparation_s: float = 1.0) -> Pilot:
    return Pilot(
        candidate=candidate, setting=setting, budget_s=20.0, digits_mean=digits, digits_worst=digits - 1,
        preparation_s=preparation_s, s_single=1e-4, s_per_integral=us * 1e-6, batch=1024,
    )  # fmt: skip


def test_a_digit_more_takes_a_tenth_of_the_tolerance():
    found = expected([pilot(RULE, 1e-3, 4.0)], 6.0, False, m=3)
    assert found.setting == pytest.approx(1e-3 * 10 ** -(2 + MARGIN), rel=0.05)
    assert found.digits == pytest.approx(6.0, abs=0.05)
    assert not found.measured


@pytest.mark.parametrize("m", [2, 5])
def test_digits_of_one_table_grow_with_the_degree_of_its_polynomial(m):
    found = expected([pilot(TABLE, 150, 3.0)], 6.0 - MARGIN, False, m)
    assert found.setting == pytest.approx(150 * 2**m, rel=0.05)


def test_two_pilots_tell_slope_and_powers():
    pilots = [pilot(TABLE, 200, 2.0, us=0.1, preparation_s=2.0), pilot(TABLE, 800, 4.0, us=0.2, preparation_s=4.0)]
    found = expected(pilots, 6.0 - MARGIN, False, m=2)  # sqrt(N) = 14.1, 28.3, and 42.4 for six digits
    assert found.setting == pytest.approx(1800, rel=0.02)
    assert found.s_per_integral == pytest.approx(0.2e-6 * (1800 / 800) ** 0.5, rel=0.02)
    assert found.preparation_s == pytest.approx(4.0 * (1800 / 800) ** 0.5, rel=0.02)


def test_digits_at_the_worst_point_ask_for_more():
    pilots = [pilot(RULE, 1e-3, 4.0)]
    assert expected(pilots, 4.0, True, m=3).setting < expected(pilots, 4.0, False, m=3).setting


def test_a_knob_ends_somewhere():
    found = expected([pilot(TABLE, 150, 1.0)], 6.0, False, m=9)
    assert found.setting == TABLE.most
    assert found.digits < 3


def test_saturated_digits_promise_nothing():
    assert expected([pilot(TABLE, 150, 4.6), pilot(TABLE, 500, 4.6)], 6.0, False, m=3) is None


def test_neighbouring_settings_of_one_rule_are_not_its_last_digits():
    """On hexagon1l the rules for both are the same; a finer one has 7.3 digits."""
    found = expected([pilot(RULE, 7e-5, 5.9), pilot(RULE, 4.5e-5, 5.9)], 6.0, False, m=3)
    assert found.setting == pytest.approx(4.5e-5 * 10 ** -(0.1 + MARGIN), rel=0.05)


def test_a_lattice_has_a_power_of_two_of_points():
    found = expected([pilot(LATTICE, 512, 4.0)], 5.0, False, m=3)
    assert found.setting in {2.0**i for i in range(9, 19)}
    assert found.digits >= 5.0


def test_fewer_digits_are_expected_of_a_coarser_setting():
    found = expected([pilot(RULE, 1e-3, 4.0)], 2.5, False, m=3)
    assert 1e-3 < found.setting <= RULE.coarsest
