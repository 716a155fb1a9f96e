"""A suite and its report run where the network is cut off: nothing is asked of other machines once all is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CUT_OFF = Path(__file__).parent / "helpers" / "without_network"


def namespace() -> list[str]:
    """Return the command that gives a process a network of its own without any way out; [] where it is not allowed."""
    command = ["unshare", "--map-root-user", "--net"]
    try:
        return command if subprocess.run([*command, "true"], capture_output=True).returncode == 0 else []
    except FileNotFoundError:
        return []


def run_without_network(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder outside of the checkout, Python itself refusing other machines, and Linux if it may."""
    path = os.pathsep.join([str(CUT_OFF), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [*namespace(), sys.executable, *arguments], cwd=folder, env=os.environ | {"PYTHONPATH": path},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("socket.create_connection(('192.0.2.1', 80), timeout=1)", "ConnectionRefusedError"),
        ("socket.getaddrinfo('example.invalid', 80)", "ConnectionRefusedError"),
        ("socket.socket(socket.AF_UNIX).connect('nowhere')", "FileNotFoundError"),
    ],
)
def test_other_machines_are_refused_and_sockets_of_this_one_are_not(tmp_path, code, error):
    done = run_without_network(tmp_path, "-c", f"import socket; {code}")
    assert done.returncode == 1
    assert error in done.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_suite_and_its_report_need_no_network(tmp_path):
    out = tmp_path / "out"
    suite = ("--integral", "bubble", "--method", "gauss_legendre,order=4", "--points", "20", "--budget", "5")
    done = run_without_network(tmp_path, "-m", "benchmarks.accuracy", *suite, "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert len(list((out / "runs").glob("*.json"))) == 1
    done = run_without_network(tmp_path, "-m", "benchmarks.report", "--out", str(out))
    assert done.returncode == 0, done.stderr
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "gauss_legendre" in page
