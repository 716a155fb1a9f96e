"""Digits and costs of each method's configurations: which is the cheapest, and which are never."""

from __future__ import annotations

import math

import pytest
from sample_records import record, timing

from benchmarks.records import configurations, digit_costs


def run(order, digits, us, **changes):
    """Return a record on one thread with that many digits, and microseconds per integral in batches of 1,024."""
    base = {
        "params": {"order": order}, "digits_mean": digits, "digits_worst": digits - 1, "threads": 1, "fit_s": 2.0,
        "s_per_integral": {"1": timing(1e-3), "1024": timing(1e-6 * us), "65536": timing(1e-9)},
    }  # fmt: skip
    return record(**base | changes)


def costs(*found):
    """Return the costs of the only method, on the only integral and machine."""
    ((methods),) = digit_costs.by_place(configurations.grouped(found)).values()
    (only,) = methods.values()
    return only


CURVE = (run(4, 3.0, 1.0), run(8, 6.0, 4.0), run(6, 5.0, 9.0), run(16, 9.0, 30.0, fit_s=0.0))
"""The third one is beaten by the second in both."""


def orders(found):
    return [cost.configuration.first["params"]["order"] for cost in found]


def test_digits_and_costs_of_a_configuration():
    (cost,) = costs(run(4, 3.0, 1.0), run(4, 5.0, 3.0, repeat=1, fit_s=4.0))
    assert (cost.digits_mean, cost.digits_worst) == (4.0, 2.0)
    assert (cost.s_single, cost.batch, cost.preparation_s) == (1e-3, 1024, 3.0)
    assert cost.s_per_integral == pytest.approx(2e-6)
    assert cost.seconds(1e6) == pytest.approx(5e-6)


def test_nobody_has_more_digits_than_the_truth():
    found = costs(run(4, 9.0, 1.0, truth_rel_err_max=1e-6), run(8, 5.0, 2.0, truth_rel_err_max=1e-6))
    assert [(cost.digits_mean, cost.digits_worst) for cost in found] == [(6.0, 6.0), (5.0, 4.0)]
    assert digit_costs.cheapest(found, 7) is None


def test_a_configuration_counts_with_all_of_its_repeats():
    """The digits of those that finished may be those of luck."""
    failed = run(8, 6.0, 4.0, repeat=1) | {"status": "failed", "digits_mean": None}
    assert orders(costs(run(4, 3.0, 1.0), run(8, 6.0, 4.0), failed)) == [4]


def test_the_cheapest_with_so_many_digits():
    found = costs(*CURVE)
    assert orders([digit_costs.cheapest(found, digits) for digits in (2, 4, 6)]) == [4, 8, 8]
    assert digit_costs.cheapest(found, 9.1) is None
    assert orders([digit_costs.cheapest(found, 6, digits="digits_worst")]) == [16]
    assert orders([digit_costs.cheapest(found, 2, n_integrals=1000)]) == [16]


def test_the_envelope_leaves_out_what_is_beaten_in_both():
    found = costs(*CURVE)
    assert orders(digit_costs.lower_envelope(found)) == [4, 8, 16]
    assert orders(digit_costs.lower_envelope(found, n_integrals=1)) == [16]
    assert digit_costs.lower_envelope([]) == []


def test_every_cheapest_one_lies_on_the_envelope():
    found = costs(*CURVE)
    for n in (1, 1e3, 1e6, math.inf):
        envelope = digit_costs.lower_envelope(found, n_integrals=n)
        assert all(digit_costs.cheapest(found, digits, n_integrals=n) in envelope for digits in range(10))


def test_the_largest_batch_up_to_1024_counts():
    long = {"reason": "a batch is predicted to take 11 s"}
    (cost,) = costs(run(4, 3.0, 1.0, s_per_integral={"1": timing(0.03), "32": timing(0.02), "1024": long}))
    assert (cost.s_single, cost.s_per_integral, cost.batch) == (0.03, 0.02, 32)


@pytest.mark.parametrize(
    "changes", [{"s_per_integral": None}, {"status": "failed", "digits_mean": None}, {"threads": 2}, {"fit_s": None}]
)
def test_what_has_no_cost_on_one_thread_is_left_out(changes):
    found = digit_costs.by_place(configurations.grouped([run(4, 3.0, 1.0), run(8, 6.0, 4.0) | changes]))
    assert orders(found["box1l", "A"]["gauss_legendre"]) == [4]


def chosen(*found):
    """Return the machine of each configuration that is kept of one machine for each integral."""
    return [c.first["machine"] for c in digit_costs.one_machine_each(configurations.grouped(found))]


def test_an_integral_counts_on_the_machine_with_most_methods_of_a_current_version():
    def at(machine, version, **changes):
        return run(4, 3.0, 1.0, machine=machine, version=version, **changes)

    old, new = at("A", 1, method="mine"), at("B", 2, method="mine")
    more_of_the_old = at("A", 1, method="mine", params={"order": 5}, date_utc="2027-01-01T00:00:00+00:00")
    assert chosen(old, more_of_the_old, new) == ["B"]
    second = [at("A", 1, method="yours"), at("A", 1, method="theirs")]
    assert chosen(old, new, *second) == ["A", "A", "A"]
    assert chosen(at("A", 1, method="yours"), new) == ["B"]  # as many, on the last machine by name
    later = at("A", 1, method="yours", date_utc="2027-01-01T00:00:00+00:00")
    assert chosen(new, later) == ["A"]
    elsewhere = at("A", 1, method="mine", integral="box2l")
    assert chosen(old, new, elsewhere) == ["B", "A"]


def test_machines_without_a_cost_are_not_chosen():
    failed = {"status": "failed", "digits_mean": None, "date_utc": "2027-01-01T00:00:00+00:00"}
    assert chosen(run(4, 3.0, 1.0), run(4, 3.0, 1.0, machine="B", **failed)) == ["A"]
    assert chosen(run(4, 3.0, 1.0, **failed), run(4, 3.0, 1.0, machine="B", **failed)) == ["A", "B"]


def test_machines_and_methods_are_kept_apart():
    found = [run(4, 3.0, 1.0), run(4, 3.0, 1.0, method="lattice_qmc"), run(4, 3.0, 1.0, machine="B")]
    places = digit_costs.by_place(configurations.grouped(found))
    assert {place: list(methods) for place, methods in places.items()} == {
        ("box1l", "A"): ["gauss_legendre", "lattice_qmc"],
        ("box1l", "B"): ["gauss_legendre"],
    }
