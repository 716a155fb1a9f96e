"""Curves of digits against time: what is run, the tables of matched digits, and what pySecDec's time is spent on."""

from __future__ import annotations

import functools
import tomllib

import pytest
from sample_records import record, timing

import references
from benchmarks.experiments import (
    cost_map,
    curve_pilot,
    curve_points,
    curves,
    matched_digits,
    one_by_one,
    preset,
    pysecdec_costs,
)
from benchmarks.records import configurations
from references.integrals import catalogue


@functools.cache
def n_uniform(integral):
    """Return how many uniform points the truth of an integral has."""
    return int(references.truth(integral).uniform.sum())


# ----- what is run ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["curves", "held_out"])
def jobs(request):
    """Return {integral: jobs} of a preset, and of the one with pySecDec on the same integrals."""
    presets = (preset(request.param), preset({"curves": "pysecdec"}.get(request.param, f"pysecdec_{request.param}")))
    assert set(presets[0].budgets) == set(presets[1].budgets)
    return {integral: [job for made in presets for job in made.jobs(integral)] for integral in presets[0].budgets}


def test_presets_name_integrals_that_there_are(jobs):
    assert jobs
    assert set(jobs) <= set(references.names())


def test_each_preset_has_integrals_of_its_kind():
    for name, held_out in (("curves", False), ("held_out", True)):
        assert {catalogue.is_held_out(integral) for integral in preset(name).budgets} == {held_out}
    assert set(cost_map.INTEGRALS) <= {*preset("curves").budgets, *preset("held_out").budgets}


def test_no_job_is_there_twice(jobs):
    for of_integral in jobs.values():
        assert len(set(of_integral)) == len(of_integral)


def test_methods_have_several_settings_and_pysecdec_names_its_workers(jobs):
    for integral, of_integral in jobs.items():
        pysecdec = [job.method for job in of_integral if job.method.startswith("pysecdec")]
        qmc = [spec for spec in pysecdec if spec.startswith("pysecdec_qmc,")]
        cannot = "cannot compile" in curve_points.left_out().get((integral, "pysecdec_qmc"), "")
        # All settings of the bubble are the same calculation: its first lattice has eleven digits.
        assert len(qmc) == 1 if cannot or integral == "bubble" else len(qmc) >= 2
        assert all(",workers=1," in spec for spec in pysecdec)
        assert len([job for job in of_integral if job.method.startswith("gauss_legendre")]) >= 2


def test_what_integrates_one_by_one_is_judged_by_points_that_the_truth_has(jobs):
    for integral, of_integral in jobs.items():
        for job in of_integral:
            assert job.points is None or curve_points.FEWEST <= job.points <= n_uniform(integral)
            if job.method.startswith(("pysecdec", "scipy", "vegas,")):
                assert job.points is not None
                assert job.batches in (curves.ONE_BY_ONE, curves.SINGLY)
            else:
                assert job.batches == curves.AT_ONCE


def test_a_library_is_compiled_by_the_first_run_that_uses_it():
    jobs = preset("pysecdec").jobs("box1l")
    compiling = [job.method.partition(",")[0] for job in jobs if job.pilot.fit_s > 0]
    assert compiling == ["pysecdec_qmc_pylink", "pysecdec_qmc"]
    assert all(job.pilot.fit_s > 0 for job in jobs[:2])


# ----- points from the pilot ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("s_per_integral", "n_uniform", "points"),
    [(1e-6, 2000, 2000), (0.1, 2000, 480), (0.03, 2000, 1600), (0.5, 2000, 96), (2.0, 2000, 50), (1e-3, 50, 50)],
)
def test_points_are_as_many_as_a_minute_allows_and_fifty_at_least(s_per_integral, n_uniform, points):
    assert curve_points.n_points(s_per_integral, n_uniform) == points


def test_the_points_in_the_file_follow_from_its_seconds():
    for integral, knobs in curve_points.pilot().items():
        for found in knobs.values():
            for seconds, points in zip(found.get("seconds", ()), found.get("points", ()), strict=False):
                assert points in (0, curve_points.n_points(seconds, n_uniform(integral)))
                assert seconds <= curve_points.SLOWEST_S


def test_what_is_left_out_is_too_slow_or_has_a_reason():
    for (integral, knob), why in curve_points.left_out().items():
        found = curve_points.pilot()[integral].get(knob, {"reason": curve_points.NO_PILOT})
        assert found.get("reason") == why or found["seconds"][-1] > curve_points.SLOWEST_S


def test_every_integral_of_the_curves_has_a_pilot(jobs):
    assert set(jobs) <= set(curve_points.pilot())


def test_settings_with_the_same_evaluations_are_run_once():
    n = [setting.method.rpartition("=")[2] for setting in curve_points.settings("box1l", "pysecdec_qmc")]
    assert n == ["1", "1e-6", "1e-8", "1e-10"]


def test_the_pilot_measures_a_knob_and_writes_it(monkeypatch):
    monkeypatch.setitem(one_by_one.KNOBS, "scipy_qmc", [f"scipy_qmc,points={n}" for n in (16, 16, 32)])
    found = curve_pilot.measured("box1l", "scipy_qmc")
    assert found["points"][1:] == [0, curve_points.n_points(found["seconds"][2], 2000)]
    assert tomllib.loads(curve_pilot.toml({"box1l": {"scipy_qmc": found}})) == {"box1l": {"scipy_qmc": found}}


def test_whatever_an_error_says_is_written_and_read():
    pilot = {"box1l": {"scipy_qmc": {"reason": 'line 1: "\\x"\nline 2'}}}
    assert tomllib.loads(curve_pilot.toml(pilot)) == pilot


def test_pilots_of_two_calls_go_into_the_same_file(monkeypatch, tmp_path):
    monkeypatch.setattr(curve_pilot, "measured", lambda integral, knob: {"reason": f"of {integral}"})
    for integral in ("kite2l_sum", "box1l_2d"):
        assert curve_pilot.main(["--integral", integral, "--knob", "vegas", "--out", str(tmp_path / "pilot.toml")]) == 0
    found = curve_points.read(tmp_path / "pilot.toml")
    assert [found[name]["vegas"] for name in ("kite2l_sum", "box1l_2d")] == [
        {"reason": "of kite2l_sum"}, {"reason": "of box1l_2d"},
    ]  # fmt: skip


# ----- matched digits -------------------------------------------------------------------------------------------------


def run(us, **changes):
    """Return a record on one thread with that many microseconds per integral in batches of 1,024."""
    seconds = {"1": timing(1e-3), "1024": timing(1e-6 * us)}
    return record(**{"s_per_integral": seconds, "threads": 1, "fit_s": 0.5} | changes)


def both(*found):
    """Return the first rows of both tables, and the records that the first one tells of."""
    mean, worst = matched_digits.tables(configurations.grouped(found))
    return mean.rows[0][0], worst.rows[0][0], mean.rows[0][1]


def test_matched_digits_take_the_cheapest_that_has_them():
    found = [
        run(1.0, params={"order": 4}, digits_mean=3.5, digits_worst=2.5),
        run(9.0, params={"order": 8}, digits_mean=6.5, digits_worst=3.5, fit_s=2.0),
        run(20.0, params={"order": 9}, digits_mean=6.4, digits_worst=1.0),
    ]
    mean, worst, used = both(*found)
    assert mean["2 digits"] == mean["3 digits"] == "1.00 µs after 0.500 s, 3.5: order=4"
    assert mean["4 digits"] == mean["6 digits"] == "9.00 µs after 2.00 s, 6.5: order=8"
    assert worst["3 digits"] == "9.00 µs after 2.00 s, 3.5: order=8"
    assert (mean["8 digits"], worst["4 digits"]) == ("at most 6.5", "at most 3.5")
    assert sorted(r["params"]["order"] for r in used) == [4, 8]


def test_a_budget_is_named_where_it_is_the_knob():
    mean, _, _ = both(run(1.0, budget_s=5.0, digits_mean=3.0), run(2.0, budget_s=20.0, digits_mean=4.2, points=50))
    assert mean["3 digits"] == "1.00 µs after 0.500 s, 3.0: 5 s"
    assert mean["4 digits"] == "2.00 µs after 0.500 s, 4.2: 20 s"


def test_points_are_named_since_slow_settings_have_fewer():
    several = [run(1.0, params={"order": 4}, n_points=2000), run(2.0, params={"order": 8}, n_points=50)]
    assert both(*several)[0]["points"] == "50 to 2,000"
    assert both(several[0])[0]["points"] == "2,000"


def test_at_most_is_rounded_down():
    assert both(run(1.0, digits_mean=5.99, digits_worst=3.0))[0]["6 digits"] == "at most 5.9"


def test_smaller_batches_are_named():
    mean, _, _ = both(run(1.0, s_per_integral={"1": timing(0.02), "32": timing(0.01)}))
    assert mean["4 digits"] == "10,000 µs (by 32) after 0.500 s, 4.5"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "timeout", "digits_mean": None, "s_per_integral": None}, "timeout"),
        ({"status": "unsupported", "digits_mean": None, "s_per_integral": None}, "unsupported"),
        ({"digits_mean": None}, "no digits"),
        ({"s_per_integral": {"1": {"reason": "a batch is predicted to take 12 s"}}}, "not timed"),
    ],
)
def test_cells_without_a_time_say_why(changes, said):
    mean, worst, used = both(run(1.0, **changes))
    assert mean["2 digits"] == worst["8 digits"] == said
    assert len(used) == 1


def test_the_note_of_a_row_without_numbers_has_the_reason():
    reason = "a grid in m = 5 | invariants\nis too large"
    mean, worst, _ = both(run(1.0, status="unsupported", reason=reason, digits_mean=None, s_per_integral=None))
    assert mean["note"] == worst["note"] == "unsupported: a grid in m = 5 / invariants is too large"
    finished = run(1.0, params={"order": 4})
    assert both(finished, run(1.0, status="failed", reason=reason, digits_mean=None))[0]["note"] == ""


def test_superseded_records_have_a_note_until_they_are_made_again_on_their_machine():
    def notes(*found):
        mean, worst = matched_digits.tables(configurations.grouped(found))
        return [[(row["machine"], row["note"]) for row, _ in table.rows] for table in (mean, worst)]

    old, elsewhere = run(1.0, method="mine", version=1), run(1.0, method="mine", version=2, machine="B")
    assert notes(old, elsewhere) == 2 * [[("A", "superseded: version 1 of mine, now 2"), ("B", "")]]
    assert notes(old, old | {"version": 2}) == 2 * [[("A", "")]]


def test_only_one_thread_counts():
    mean, _ = matched_digits.tables(configurations.grouped([run(1.0, threads=2), run(2.0)]))
    ((row, _),) = mean.rows
    assert row["4 digits"] == "2.00 µs after 0.500 s, 4.5"


# ----- pySecDec -------------------------------------------------------------------------------------------------------


def test_kernel_and_dispatch_stand_apart():
    details = {"kernel_s_per_integral": 3e-3, "dispatch_s_per_integral": 1e-3}
    found = [
        run(4000, method="pysecdec_qmc", params={"epsrel": 1e-6, "workers": 1}, details=details),
        run(4000, method="pysecdec_qmc", params={"epsrel": 1.0, "workers": 1}, details=details, digits_mean=2.0),
        run(1.0),
    ]
    rows = [row for row, _ in pysecdec_costs.table(configurations.grouped(found)).rows]
    assert [row["method"] for row in rows] == ["pysecdec_qmc, epsrel=1e-06", "pysecdec_qmc, epsrel=1.0"]
    assert (rows[0]["kernel µs"], rows[0]["dispatch µs"], rows[0]["kernel share"]) == ("3,000", "1,000", "75 %")
    assert rows[0]["workers"] == "1"
    assert {row["note"] for row in rows} == {""}
    ((old, _),) = pysecdec_costs.table(configurations.grouped([found[0] | {"version": 0}])).rows
    assert old["note"].startswith("superseded: version 0 of pysecdec_qmc, now ")


def test_parts_are_means_over_the_repeats_that_report_them():
    def repeat(n, kernel_s):
        details = None if kernel_s is None else {"kernel_s_per_integral": kernel_s, "dispatch_s_per_integral": 1e-3}
        return run(4000, method="pysecdec_qmc", params={"epsrel": 1e-6, "workers": 1}, details=details, repeat=n)

    grouped = configurations.grouped([repeat(0, None), repeat(1, 3e-3), repeat(2, 5e-3)])
    ((row, _),) = pysecdec_costs.table(grouped).rows
    assert (row["kernel µs"], row["dispatch µs"], row["kernel share"]) == ("4,000", "1,000", "80 %")
