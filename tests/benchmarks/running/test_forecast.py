"""How long a suite will take, foreseen from records, pilots and budgets."""

from __future__ import annotations

import pytest
from sample_records import record, timing

import methods
import references
from benchmarks.accuracy import main
from benchmarks.records import folders, run_records
from benchmarks.running import forecast, machine
from benchmarks.running.jobs import Job, KnownSeconds
from benchmarks.running.plan import Options
from benchmarks.running.task import Place
from benchmarks.versioning.code_hash import code_hash

TIMED_S = 0.5
JOB = Job("gauss_legendre,order=8", 60.0, points=80, batches=(1, 1024))


@pytest.fixture
def foreseen(tmp_path):
    """Return the forecast of jobs on an integral after these records were written."""

    def of(*jobs, records=(), out=tmp_path, force=False, integral="box1l", described=None, device="cpu", asks=False):
        for each in records:
            run_records.write(tmp_path, each)
        options = Options(out, 0, device, (Place(device, 1),), TIMED_S, asks)
        (one,) = forecast.forecasts({integral: jobs}, options, [tmp_path], force=force, described=described or {})
        return one

    return of


@pytest.fixture(scope="module")
def run():
    """Return a function: a record of JOB as this machine would leave it; a fit takes 10 s, and an integral 10 ms."""
    code = code_hash(methods.METHODS["gauss_legendre"])
    seconds = {"1": timing(2e-2), "1024": timing(1e-2)}
    mine = {"machine": machine.name(), "threads": 1, "fields": {"order": 8}, "points": 80, "n_points": 80}

    def run(**changes):
        return record(**({"fit_s": 10.0, "s_per_integral": seconds, "code_hash": code} | mine | changes))

    return run


def test_a_finished_run_takes_no_time_unless_it_is_forced(foreseen, run):
    one = foreseen(JOB, records=[run()])
    assert (one.runs, one.finished, one.unknown, one.seconds(2)) == (1, 1, 0, 0.0)
    assert foreseen(JOB, force=True).finished == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"code_hash": "other"}, {"machine": "another"}, {"status": "failed"}, {"budget_s": 5.0}, {"points": 50},
        {"seed": 5}, {"truth_hash": "old"}, {"integral_hash": "old"}, {"device": "cuda"}, {"threads": 2},
        {"s_per_integral": None}, {"s_per_integral": {"1": timing(2e-2)}},
    ],
)  # fmt: skip
def test_other_records_only_tell_how_long_it_takes(foreseen, run, changes):
    one = foreseen(JOB, records=[run(**changes)])
    assert (one.finished, one.unknown) == (0, 0)


def test_published_records_are_current_by_their_version(foreseen, run, tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "PUBLISHED", tmp_path.parent)
    assert foreseen(JOB, records=[run(code_hash="other")]).finished == 1
    assert foreseen(JOB._replace(budget_s=5.0), records=[run(version=1, budget_s=5.0)]).finished == 0


def test_diagnostics_that_are_asked_for_are_a_part_of_the_record(foreseen, run):
    assert foreseen(JOB, records=[run()], asks=True).finished == 0
    assert foreseen(JOB, records=[run(diagnostics=[])], asks=True).finished == 1


def test_a_run_that_was_fitted_has_only_to_be_timed(foreseen, run, tmp_path):
    waiting = run(s_per_integral=None)
    assert foreseen(JOB, records=[waiting]).together_s > 10.0
    (tmp_path / "fitted").mkdir()
    (tmp_path / "fitted" / "box1l.gauss_legendre.0123456789ab").write_text("")
    one = foreseen(JOB, records=[waiting])
    assert (one.finished, one.together_s) == (0, 0.0)
    assert one.alone_s == pytest.approx(2 * TIMED_S + forecast.START_S)


def test_a_method_is_foreseen_on_the_device_that_it_has(foreseen, run):
    about = {"name": "gauss_legendre", "params": {"order": 8}, "code_hash": run()["code_hash"]}
    assert foreseen(JOB, records=[run()], device="cuda", described={JOB.method: about}).finished == 1
    about["params"] = {"order": 8, "device": "cpu"}
    assert foreseen(JOB, device="cuda", described={JOB.method: about}).finished == 0
    assert foreseen(JOB, records=[run(device="cuda")], device="cuda", described={JOB.method: about}).finished == 1


def test_ones_own_integral_and_method_are_known_by_their_descriptions(foreseen, run):
    truth = references.Truth(*(references.truth("box1l")[i][:3] for i in range(4)), "none")
    described = {
        "mine:integral": {"name": "own", "hash": "i", "truth": truth._asdict()},
        "mine:Rule,order=8": {"name": "rule", "params": {"order": 8}, "code_hash": "c"},
    }
    mine = run(method="rule", integral="own", integral_hash="i", truth_hash=truth.digest(), code_hash="c")
    job = JOB._replace(method="mine:Rule,order=8")
    assert foreseen(job, records=[mine], integral="mine:integral", described=described).finished == 1
    described["mine:integral"] |= {"hash": "other"}
    one = foreseen(job, integral="mine:integral", described=described)
    assert (one.finished, one.unknown) == (0, 0)


def test_fit_and_judging_share_the_cpus_and_timing_does_not(foreseen, run, tmp_path):
    one = foreseen(JOB, records=[run()], out=tmp_path / "another")
    assert one.together_s == pytest.approx(10.0 + 80 * 1.25 * 1e-2 + forecast.START_S)
    # Single calls go through 64 points; 1,024 integrals would take more than ten seconds.
    assert one.alone_s == pytest.approx(max(TIMED_S, 64 * 1e-2) + forecast.START_S)
    assert one.seconds(2) == pytest.approx(one.together_s / 2 + one.alone_s)


def test_a_method_that_uses_its_budget_up_takes_another_budget_too(foreseen, run):
    assert foreseen(JOB._replace(budget_s=20.0), records=[run(fit_s=59.0)]).together_s == pytest.approx(22.0)


def test_repeats_count_each(foreseen, run):
    one = foreseen(JOB._replace(repeats=3), records=[run(), run(repeat=1, seed=1)])
    assert (one.runs, one.finished) == (3, 2)


def test_a_pilot_tells_where_no_record_of_these_fields_does(foreseen, run):
    one = foreseen(JOB._replace(pilot=KnownSeconds(7.0, 0.1)), records=[run(fields={"order": 9}, params={"order": 9})])
    assert one.together_s == pytest.approx(7.0 + 80 * 1.25 * 0.1 + forecast.START_S)


def test_where_nothing_is_known_the_budget_counts(foreseen):
    one = foreseen(JOB)
    assert (one.unknown, one.together_s) == (1, JOB.budget_s + forecast.START_S)


def test_a_library_is_compiled_once(foreseen, run, tmp_path):
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
