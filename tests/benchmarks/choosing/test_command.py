"""Sentences and exit status with which the command ends, for given choices."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import methods
import references
from benchmarks import choose
from benchmarks.choosing import ranking
from benchmarks.choosing.candidates import CANDIDATES
from benchmarks.choosing.choice import CHECKED, WORST_POINTS, Interrupted
from benchmarks.choosing.search import NOT_ASKED, Standing, Wish
from methods.base import InputError
from methods.export import targets

ASKED = ["--integral", "bubble", "--digits", "3", "--count", "1e6"]


class Networks:
    """A method whose form is corner sums, which have no C++."""

    integral_ = references.integral("bubble")

    def export_form(self):
        return object()


class TooManyNodes(Networks):
    def export_form(self):
        raise InputError("the rule has too many nodes.")


def next_steps(method) -> str:
    return choose.next_steps(SimpleNamespace(method=method), "bubble.model")


def test_a_short_rule_is_exported_to_cpp(monkeypatch):
    rule = methods.create("gauss_legendre", order=4).fit(references.integral("bubble"))
    assert next_steps(rule) == (
        "Saved as bubble.model: methods.load('bubble.model') reads it, and python -m methods.export writes C++."
    )
    monkeypatch.setattr(targets, "MOST_NUMBERS", 1)
    assert next_steps(rule).endswith("writes ONNX.")


@pytest.mark.parametrize(("method", "end"), [(Networks(), "reads it, and python -m methods.export writes ONNX."),
                                            (TooManyNodes(), "reads it.")])  # fmt: skip
def test_nothing_is_promised_that_the_export_refuses(method, end):
    assert next_steps(method).endswith(end)


@pytest.mark.parametrize(("arguments", "status"), [([], 0), (["--save", "model"], 1)])
def test_where_no_file_can_be_written_the_status_says_so(arguments, status, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(choose, "choose", lambda *_, **__: SimpleNamespace(method=None, reached=True))
    monkeypatch.setattr(ranking, "text", lambda _: "the ranking")
    assert choose.main([*ASKED, *arguments]) == status


def test_an_interrupted_choice_prints_the_standings(monkeypatch, capsys):
    reasons = ("timed out", NOT_ASKED)
    standings = [Standing(one, None, None, None, why) for one, why in zip(CANDIDATES, reasons, strict=False)]

    def interrupted(*_, **__):
        raise Interrupted("bubble", Wish(3, 1e6), standings)

    monkeypatch.setattr(choose, "choose", interrupted)
    assert choose.main(ASKED) == 130
    said = capsys.readouterr()
    assert "gauss_legendre: timed out." in said.out
    assert "not asked" not in said.out
    assert "Interrupted; nothing was saved." in said.err


def test_without_a_terminal_each_beginning_is_a_line(monkeypatch, capsys):
    def made(*_, told, **__):
        told("rbf,n_labels=300", None)
        raise InputError("enough.")

    monkeypatch.setattr(choose, "choose", made)
    assert choose.main(ASKED) == 2
    assert capsys.readouterr().err.splitlines()[:2] == ["values that judge: begins", "rbf,n_labels=300: begins"]


def test_the_help_says_of_how_many_points_the_worst_counts_and_that_calls_are_those_of_python(capsys):
    with pytest.raises(SystemExit):
        choose.main(["--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert f"the worst of {CHECKED + WORST_POINTS} points, {WORST_POINTS} of them at corners and edges" in words
    assert "in Python calls, instead of many at once; an exported header takes less" in words
