"""README's code is run exactly as printed, and its table is the one that the records give."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import mixed_table, records, replicas, report, surrogate_table

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
FILES = dict(re.findall(r"```(?:python|toml)\n# (\w+\.(?:py|toml))\n(.*?)```", README, flags=re.DOTALL))
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """README's files, after its commands were run beside them."""
    folder = tmp_path_factory.mktemp("readme")
    for name, code in FILES.items():
        (folder / name).write_text(code)
    for command in COMMANDS:
        words = [sys.executable, *shlex.split(command)[1:]]
        environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return folder


def test_there_is_something_to_run():
    assert set(FILES) == {"my_method.py", "my_integral.py", "triangle.toml"}
    assert len(COMMANDS) == 4
    assert len(FILES["my_method.py"].splitlines()) < 40


def test_commands_work_as_printed(folder):
    found, damaged = records.read_all(folder / "reports")
    assert not damaged
    assert {(r["integral"], r["method"]): r["status"] for r in found} == {
        ("box1l", "monte_carlo"): "ok",
        ("box1l", "gauss_legendre"): "ok",
        ("bubble", "gauss_legendre"): "ok",
        ("bubble", "chebyshev"): "ok",
        ("triangle_sum", "gauss_legendre"): "ok",
        ("triangle_sum", "chebyshev"): "ok",
    }


def test_monte_carlo_is_as_good_as_monte_carlo_is(folder):
    found, _ = records.read_all(folder / "reports")
    (record,) = [r for r in found if r["method"] == "monte_carlo"]
    assert record["n_eval_per_integral"] == 2000
    assert record["n_eval_source"] == "counted"
    assert 1.0 < record["digits_mean"] < 3.0
    # All points share their samples, so their pulls share a sign: one draw of about a standard normal.
    assert abs(record["pull_mean"]) < 4
    assert record["pull_std"] < 1


@pytest.mark.parametrize("path", ["README.md", "reports/tables.md", "reports/index.html"])
def test_tables_follow_from_the_records(path, tmp_path, monkeypatch):
    """The committed tables are what `python -m benchmarks.report` makes of the committed records."""
    (tmp_path / "reports").mkdir()
    for measured in ("runs", "ablations", surrogate_table.FOLDER, mixed_table.FILE, replicas.FILE):
        (tmp_path / "reports" / measured).symlink_to(ROOT / "reports" / measured)
    (tmp_path / "README.md").write_text(README)
    monkeypatch.chdir(tmp_path)
    assert report.main([]) == 0
    assert (tmp_path / path).read_text() == (ROOT / path).read_text()
