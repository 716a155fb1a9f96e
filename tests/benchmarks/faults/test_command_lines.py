"""Wrong words on every command line: status 2, a sentence, and nothing written."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strange_inputs import TEXTS

from benchmarks.faults import command_lines

ROOT = Path(__file__).resolve().parents[3]

WRONG_WORDS = TEXTS.map(lambda text: "q" + text.replace("\0", ""))

FEW = settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)


def hold(module, how_many):
    @how_many
    @given(st.sampled_from(command_lines.WRONG[module]), WRONG_WORDS)
    def check(words, wrong):
        assert command_lines.wrong(module, [*words, wrong]) is None

    check()


@pytest.mark.parametrize("module", command_lines.WRONG)
def test_wrong_words(module):
    hold(module, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("module", command_lines.WRONG)
def test_many_wrong_words(module):
    hold(module, settings(FEW, max_examples=60, derandomize=False))


def test_every_command_is_tried():
    found = set()
    for path in ROOT.glob("[mrb]*/**/*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        text = path.read_text()
        parses = any(part in text for part in ("ArgumentParser(", "documented_parser(", "LISTING"))
        is_command = 'if __name__ == "__main__":' in text and parses
        if module.startswith(("methods", "references", "benchmarks")) and is_command:
            found.add(module)
    assert found <= set(command_lines.WRONG)
    assert len(found) > 12


@pytest.mark.parametrize(
    ("main", "told"),
    [
        (lambda words: 0, "exit status 0"),
        (lambda words: 2, "it says nothing"),
        (lambda words: {}["missing"], "KeyError"),
        (lambda words: Path("left").write_text("") or 2, "it wrote left"),
    ],
)
def test_a_command_that_does_otherwise_is_noticed(main, told, monkeypatch):
    monkeypatch.setitem(sys.modules, "a_command", types.SimpleNamespace(main=main))
    assert command_lines.wrong("a_command", ["q"]).startswith(told)
