"""The tests marked gpu, in an interpreter of their own.

Where the device is no CUDA GPU pytest skips them: "skipped" is counted apart, and is not "passed".
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gpu_measurements.session import ROOT, Entry, Session, tried

MARK = "@pytest.mark.gpu"

WORKERS = 6
"""Processes among which the tests on a GPU are divided where pytest-xdist is there: they compile most of the time."""

NO_TEST_SELECTED = 5
"""An exit code of pytest."""

KEPT_CHARACTERS = 1500
"""Characters kept of the end of what pytest says of a test."""


def files() -> list[str]:
    """List the files with such tests, relative to the project's folder."""
    found = (ROOT / "tests").rglob("test_*.py")
    return sorted(str(path.relative_to(ROOT)) for path in found if MARK in path.read_text(encoding="utf-8"))


def measure(session: Session) -> Iterator[Entry]:
    """Yield an entry: how many tests passed, failed or were skipped, what failed and why others were skipped."""
    clock = session.clock()
    if importlib.util.find_spec("pytest") is None:
        yield {"kind": "tests", "status": "left_out", "reason": "pytest is not installed here"}
        return
    yield tried({"kind": "tests", "files": files()}, lambda: outcomes(files(), session, clock.left), clock)


def outcomes(paths: list[str], session: Session, seconds: float) -> Entry:
    """Run the tests marked gpu of these files; warnings of other versions of libraries are no errors here."""
    report = session.work / "tests.xml"
    report.unlink(missing_ok=True)
    arguments = ["-v", "-m", "gpu", "-p", "no:cacheprovider", "-o", "filterwarnings=default", f"--junitxml={report}"]
    arguments += [f"--basetemp={session.work / 't'}"]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    if session.device != "cpu" and importlib.util.find_spec("xdist"):
        arguments += ["-n", str(WORKERS)]
    try:
        done = subprocess.run(
            [sys.executable, "-B", "-m", "pytest", *arguments, *paths],
            cwd=ROOT, env=os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}, capture_output=True, text=True,
            timeout=seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired as problem:
        said = problem.stdout or b""
        said = said if isinstance(said, str) else said.decode("utf-8", "replace")
        return spoken(said) | {"status": "timeout", "reason": f"the tests were ended after {seconds:.0f} s"}
    if not report.exists():
        return {
            "status": "failed",
            "reason": f"pytest ended with {done.returncode}: {(done.stdout + done.stderr)[-KEPT_CHARACTERS:]}",
        }
    found = reported(report)
    if found["n_failed"] or done.returncode not in (0, NO_TEST_SELECTED):
        return found | {"status": "failed", "reason": f"{found['n_failed']} tests failed"}
    if found["n_passed"] == 0:
        return found | {"status": "left_out", "reason": f"none was run: {len(found['skipped'])} were skipped"}
    return found


def reported(report: Path) -> Entry:
    """Count the outcomes in pytest's report, and give the reasons of those that did not pass."""
    failed, skipped, n_passed = {}, {}, 0
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        problem = next((child for tag in ("failure", "error") if (child := case.find(tag)) is not None), None)
        left_out, name = case.find("skipped"), f"{case.get('classname')}::{case.get('name')}"
        if problem is not None:
            failed[name] = f"{problem.get('message', '')}\n{problem.text or ''}"[-KEPT_CHARACTERS:]
        elif left_out is not None:
            skipped[name] = left_out.get("message", "")
        else:
            n_passed += 1
    return {"n_passed": n_passed, "n_failed": len(failed), "failed": failed, "skipped": skipped}


def spoken(output: str) -> Entry:
    """Count the outcomes in the lines that pytest had written before it was ended."""
    first = re.findall(r"^\S*(tests/\S+::\S+) (PASSED|FAILED|ERROR|SKIPPED)", output, re.MULTILINE)
    divided = re.findall(r"(PASSED|FAILED|ERROR|SKIPPED) (tests/\S+::\S+)", output)
    found = dict(first) | {name: word for word, name in divided}
    failed = {name: "no details" for name, word in found.items() if word in ("FAILED", "ERROR")}
    skipped = {name: "" for name, word in found.items() if word == "SKIPPED"}
    n_passed = sum(word == "PASSED" for word in found.values())
    return {"n_passed": n_passed, "n_failed": len(failed), "failed": failed, "skipped": skipped}
