"""How long a suite will take, foreseen from records, pilots and budgets."""

from __future__ import annotations

import pytest
from sample_records import record, timing

from benchmarks.accuracy import main
from benchmarks.records import run_records
from benchmarks.running import forecast, machine
from benchmarks.running.jobs import Job, KnownSeconds

TIMED_S = 0.5
JOB = Job("gauss_legendre,order=8", 60.0, points=80, batches=(1, 1024))


@pytest.fixture
def foreseen(tmp_path):
    """Return the forecast of jobs on box1l after these records were written."""

    def of(*jobs, records=(), out=tmp_path, force=False):
        for each in records:
            run_records.write(tmp_path, each)
        (one,) = forecast.forecasts({"box1l": jobs}, out, [tmp_path], TIMED_S, force=force)
        return one

    return of


def run(**changes):
    """Return a record of JOB as this machine would leave it, whose fit takes 10 s, and an integral 10 ms."""
    seconds = {"1": timing(2e-2), "1024": timing(1e-2)}
    mine = {"machine": machine.name(), "threads": 1, "fields": {"order": 8}, "points": 80, "n_points": 80}
    return record(**({"fit_s": 10.0, "s_per_integral": seconds} | mine | changes))


def test_a_finished_run_takes_no_time_unless_it_is_forced(foreseen):
    one = foreseen(JOB, records=[run()])
    assert (one.runs, one.finished, one.unknown, one.seconds(2)) == (1, 1, 0, 0.0)
    assert foreseen(JOB, force=True).finished == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 1}, {"machine": "another"}, {"status": "failed"}, {"budget_s": 5.0}, {"points": 50}, {"seed": 5},
        {"s_per_integral": None}, {"s_per_integral": {"1": timing(2e-2)}},
    ],
)  # fmt: skip
def test_other_records_only_tell_how_long_it_takes(foreseen, changes):
    one = foreseen(JOB, records=[run(**changes)])
    assert (one.finished, one.unknown) == (0, 0)


def test_fit_and_judging_share_the_cpus_and_timing_does_not(foreseen, tmp_path):
    one = foreseen(JOB, records=[run()], out=tmp_path / "another")
    assert one.together_s == pytest.approx(10.0 + 80 * 1.25 * 1e-2 + forecast.START_S)
    # Single calls go through 64 points; 1,024 integrals would take more than ten seconds.
    assert one.alone_s == pytest.approx(max(TIMED_S, 64 * 1e-2) + forecast.START_S)
    assert one.seconds(2) == pytest.approx(one.together_s / 2 + one.alone_s)


def test_a_method_that_uses_its_budget_up_takes_another_budget_too(foreseen):
    assert foreseen(JOB._replace(budget_s=20.0), records=[run(fit_s=59.0)]).together_s == pytest.approx(22.0)


def test_repeats_count_each(foreseen):
    one = foreseen(JOB._replace(repeats=3), records=[run(), run(repeat=1, seed=1)])
    assert (one.runs, one.finished) == (3, 2)


def test_a_pilot_tells_where_no_record_of_these_fields_does(foreseen):
    one = foreseen(JOB._replace(pilot=KnownSeconds(7.0, 0.1)), records=[run(fields={"order": 9}, params={"order": 9})])
    assert one.together_s == pytest.approx(7.0 + 80 * 1.25 * 0.1 + forecast.START_S)


def test_where_nothing_is_known_the_budget_counts(foreseen):
    one = foreseen(JOB)
    assert (one.unknown, one.together_s) == (1, JOB.budget_s + forecast.START_S)


def test_a_library_is_compiled_once(foreseen, tmp_path):
    jobs = [Job(f"pysecdec_qmc,epsrel={epsrel}", 60.0, points=80) for epsrel in ("1", "1e-3")]
    setup = {"setup_s": {"generate": 1.0, "compile": 8.0}, "method": "pysecdec_qmc"}
    records = [run(params={"epsrel": e}, fields={"epsrel": e}, **setup) for e in (1.0, 1e-3)]
    first = foreseen(jobs[0], records=records, out=tmp_path / "another").together_s
    assert foreseen(*jobs, out=tmp_path / "another").together_s == pytest.approx(2 * first - 9.0)


def test_the_command_says_how_many_runs_and_runs_none(tmp_path, capsys):
    assert main(["--preset", "smoke", "--dry-run", "--out", str(tmp_path)]) == 0
    assert "minutes left" in (printed := capsys.readouterr().out)
    assert printed.splitlines()[-4].split()[:3] == ["all", "2", "0"]
    assert list(tmp_path.iterdir()) == []
