"""Every block of code in README.md and docs/ is run as printed, page by page, in a folder of its own.

A block in ```python, ```toml or ```cpp whose first line is a comment such as `# name.py` is a file of that name; any
other ```python block is run as a script, and ```bash as commands, in the order of the page. ```text is not run.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import experiments
from benchmarks.records import run_records
from benchmarks.records.folders import LOCAL

ROOT = Path(__file__).resolve().parents[1]

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

NAMED = {page: [pytest.mark.pysecdec] for page in ("loop-integral.md", "tutorial.md")}
"""What a page needs beside the packages that every test needs."""

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

MOST_SECONDS = 180
"""Processor time of the tutorial; it takes 30 to 50 s."""

FILE = re.compile(r"(?:#|//) ([\w-]+\.(?:py|toml|cpp))\n")

LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")

NUMBERED = re.compile(r"^\[\d+\]: (\S+)$", re.MULTILINE)
"""The address of a link by number, as docs/findings.md has them."""


def environment() -> dict[str, str]:
    """Return this process's environment, with the project to import and its Python as `python`."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "/usr/bin:/bin")])
    return os.environ | {"PYTHONPATH": str(ROOT), "PATH": path}


def run(text: str, folder: Path) -> int:
    """Run the blocks of a page in `folder`; return how many there were."""
    blocks = [(language, code) for language, code in BLOCK.findall(text) if language != "text"]
    for language, code in blocks:
        if language in ("python", "toml", "cpp") and (name := FILE.match(code)):
            (folder / name[1]).write_text(code)
            continue
        commands = {"python": [sys.executable, "-c", code], "bash": ["bash", "-euc", code]}
        assert language in commands, f"A block in ```{language} is neither a file nor run; mark it ```text:\n{code}"
        done = subprocess.run(commands[language], cwd=folder, env=environment(), capture_output=True, text=True)
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
    return len(blocks)


@pytest.mark.slow
@pytest.mark.parametrize("page", [pytest.param(p, id=p.name, marks=NAMED.get(p.name, ())) for p in PAGES])
def test_every_block_runs_as_printed(page, tmp_path):
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(page.read_text(), tmp_path)
    if page.name == "tutorial.md":
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime < MOST_SECONDS
    if page.name == "README.md":
        monte_carlo_is_as_good_as_monte_carlo_is(tmp_path)


def monte_carlo_is_as_good_as_monte_carlo_is(folder: Path) -> None:
    found, damaged = run_records.read_all(folder / LOCAL)
    assert not damaged
    (record,) = found
    assert (record["method"], record["status"]) == ("monte_carlo", "ok")
    assert record["n_eval_per_integral"] == 2000
    assert record["n_eval_source"] == "counted"
    assert 1.0 < record["digits_mean"] < 3.0
    # All points share their samples, so their pulls share a sign: one draw of about a standard normal.
    assert abs(record["pull_mean"]) < 4
    assert record["pull_std"] < 1


def test_the_environment_can_be_set_up_without_a_benchmark():
    page = (ROOT / "docs" / "install.md").read_text()
    assert 0 < page.find("make .venv ") < page.index(". .venv/bin/activate")
    assert '@echo "make .venv ' in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```python\nassert 1 + 1 == 3\n```\n", "AssertionError"),
        ("```bash\nfalse\necho fine\n```\n", "false"),
        ("```python\n# mine.py\nx = 1\n```\n\n```python\nfrom mine import y\n```\n", "ImportError"),
        ("```\nno language\n```\n", "mark it ```text"),
    ],
)
def test_a_block_that_fails_is_noticed(text, message, tmp_path):
    with pytest.raises(AssertionError, match=message):
        run(text, tmp_path)


def test_blocks_see_the_files_before_them_and_text_is_not_run(tmp_path):
    python = "```python\n# mine.py\nx = 1\n```\n\n```python\nfrom mine import x\n\nassert x == 1\n```\n"
    assert run(f"```text\nfalse\n```\n\n{python}\n```bash\npython -c 'import mine, methods'\n```\n", tmp_path) == 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text()
    missing = [link for link in LINK.findall(text) + NUMBERED.findall(text) if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_the_project_exist(page):
    for module in set(re.findall(r"python -m ((?:benchmarks|references|methods)(?:\.\w+)*)", page.read_text())):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


def test_readme_fits_a_few_screens():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 120
    first_screen = "\n".join(lines[:40])
    assert "![" in first_screen
    assert "python -m benchmarks.accuracy" in first_screen
    assert "`make accuracy`" in "\n".join(lines)


def test_readme_leads_to_every_page():
    links = set(LINK.findall((ROOT / "README.md").read_text()))
    assert {f"docs/{page.name}" for page in PAGES[1:]} <= links


def test_every_preset_has_its_row():
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "experiments.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(experiments.PRESETS)
