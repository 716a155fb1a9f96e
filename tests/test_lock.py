"""The lock of packages: each with its hashes, enough for what the project asks for, and an environment without gaps."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]

HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def entries(text: str) -> list[str]:
    """Return the requirements of a lock, each on one line with its hashes."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [entry for entry in "\n".join(lines).replace("\\\n", " ").splitlines() if entry.strip()]


def unlocked(text: str) -> list[str]:
    """List the entries that lack an exact version or a hash."""
    return [entry for entry in entries(text) if not re.match(r"[\w.-]+==[\w.]+\s", entry) or not HASH.search(entry)]


def missing(text: str, wanted: list[str]) -> list[str]:
    """List the wanted requirements for which the lock has no version that they allow."""
    locked = {}
    for entry in entries(text):
        requirement = Requirement(entry.partition("--hash")[0])
        locked[canonicalize_name(requirement.name)] = str(requirement.specifier).removeprefix("==")
    requirements = map(Requirement, wanted)
    return [
        str(one)
        for one in requirements
        if not one.specifier.contains(locked.get(canonicalize_name(one.name), "0"), prereleases=True)
    ]


def asked_for() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]


def test_every_package_has_one_version_and_hashes():
    text = (ROOT / "requirements.txt").read_text()
    assert len(entries(text)) > 50
    assert unlocked(text) == []


@pytest.mark.parametrize(
    "entry", ["numpy", "numpy==2.4.6", "numpy>=2 --hash=sha256:" + "0" * 64, "numpy==2 --hash=md5:0"]
)
def test_an_entry_without_version_or_hash_is_noticed(entry):
    assert unlocked(entry) == [entry]


def test_the_lock_has_all_that_the_project_asks_for():
    text = (ROOT / "requirements.txt").read_text()
    assert missing(text, asked_for()) == []
    assert missing(text, ["numpy>=1000", "no-such-package>=1"]) == ["numpy>=1000", "no-such-package>=1"]


@pytest.mark.slow
def test_the_packages_of_this_environment_fit_together():
    checked = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, timeout=120)
    assert checked.returncode == 0, checked.stdout
