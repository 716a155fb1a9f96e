"""The comparison of choices with records: what it keeps, that records come last, and its table."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from sample_records import record, timing

import references
from benchmarks.choosing import agreement, agreement_table
from benchmarks.records import generated_part
from benchmarks.running.isolated import Outcome
from benchmarks.versioning.lock_file import current_version as method_version
from methods import METHODS
from methods.base import InputError

ROW = {
    "digits": 3.0, "count": 1e9, "chosen": "rbf", "method": "rbf", "total_s": 1.0, "digits_mean": 3.5,
    "digits_worst": 3.1, "reached": True, "best": None, "best_s": None, "best_recorded_s": None, "ratio": None,
    "ratio_to_recorded": None,
}  # fmt: skip

ASKED = ["--digits", "3", "--count", "1e9"]


@pytest.fixture
def compared(monkeypatch):
    """Return the integrals for which choices were made, each with a row that is given here."""
    asked = []
    monkeypatch.setattr(agreement, "recorded", lambda: {"box1l": {}, "bubble": {}, "box2l": {}})
    monkeypatch.setattr(agreement, "compared", lambda integral, *_: [asked.append(integral) or ROW])
    return asked


def rows_of(path) -> dict[str, list[dict]]:
    return {name: entry["rows"] for name, entry in json.loads(path.read_text()).items()}


def test_the_folder_of_the_rows_is_made(compared, tmp_path):
    out = tmp_path / "reports" / "local"
    assert agreement.main(["--integral", "box1l", "--out", str(out), *ASKED]) == 0
    assert rows_of(out / agreement_table.FILE) == {"box1l": [ROW]}


def test_a_folder_that_cannot_be_written_is_refused_before_any_choice(compared, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert agreement.main(["--integral", "box1l", "--out", str(tmp_path / "file")]) == 2
    assert "--out" in capsys.readouterr().err
    assert not compared


def test_an_integral_without_records_is_refused(compared, tmp_path, capsys):
    assert agreement.main(["--integral", "box1l_hh", "--out", str(tmp_path)]) == 2
    assert "no records of box1l_hh; give one of box1l, bubble" in capsys.readouterr().err


def test_finished_integrals_are_kept_where_they_were_asked_the_same(compared, tmp_path):
    for arguments in (["--integral", "box1l"], [], ["--jobs", "2"], ["--budget", "60", "--integral", "bubble"]):
        assert agreement.main([*arguments, "--out", str(tmp_path), *ASKED]) == 0
    assert compared[:1] == ["box1l"]
    assert sorted(compared[1:3]) == ["box2l", "bubble"]
    assert compared[3:] == ["bubble"]  # with another budget


def test_an_integral_of_which_the_machine_is_another_is_made_again(compared, tmp_path):
    path = tmp_path / agreement_table.FILE
    agreement.main(["--integral", "box1l", "--out", str(tmp_path), *ASKED])
    path.write_text(path.read_text().replace('"machine": "', '"machine": "not '))
    agreement.main(["--integral", "box1l", "--out", str(tmp_path), *ASKED])
    assert compared == ["box1l", "box1l"]


@pytest.mark.parametrize("versions", [None, {"chebyshev": 0}])
def test_an_integral_compared_with_other_versions_of_methods_is_made_again(compared, tmp_path, versions):
    path = tmp_path / agreement_table.FILE
    agreement.main(["--integral", "box1l", "--out", str(tmp_path), *ASKED])
    entries = json.loads(path.read_text())
    assert entries["box1l"]["versions"] == {name: method_version(name) for name in METHODS}
    path.write_text(json.dumps({"box1l": entries["box1l"] | {"versions": versions}}))
    agreement.main(["--integral", "box1l", "--out", str(tmp_path), *ASKED])
    assert compared == ["box1l", "box1l"]


def test_records_are_of_the_machine_with_most_methods_of_a_current_version(monkeypatch):
    def run(**changes):
        return record(threads=1, s_per_integral={"1024": timing(1e-6)}, **changes)

    found = [run(version=0), run(machine="B"), run(machine="B", method="chebyshev")]
    monkeypatch.setattr(agreement.run_records, "read_all", lambda folder: (found, {}))
    assert list(agreement.recorded.__wrapped__()["box1l"]) == ["chebyshev", "gauss_legendre"]


def test_after_an_interrupt_the_same_command_goes_on(compared, monkeypatch, tmp_path, capsys):
    whole = agreement.compared

    def interrupted(integral, *rest):
        if integral == "bubble":
            raise KeyboardInterrupt
        return whole(integral, *rest)

    monkeypatch.setattr(agreement, "compared", interrupted)
    assert agreement.main(["--out", str(tmp_path), *ASKED]) == 130
    assert "goes on" in capsys.readouterr().err
    monkeypatch.setattr(agreement, "compared", whole)
    assert agreement.main(["--out", str(tmp_path), *ASKED]) == 0
    assert sorted(rows_of(tmp_path / agreement_table.FILE)) == ["box1l", "box2l", "bubble"]
    assert compared.count("box1l") == 1


def test_an_integral_without_a_choice_is_a_row_that_does_not_agree(compared, monkeypatch, tmp_path, capsys):
    def refused(*_):
        raise InputError("No direct rule gives values.")

    monkeypatch.setattr(agreement, "compared", refused)
    assert agreement.main(["--integral", "bubble", "--out", str(tmp_path), *ASKED]) == 1
    assert "none: No direct rule gives values." in capsys.readouterr().out


def test_records_are_read_after_the_last_choice(monkeypatch):
    """A choice must not know what was recorded of its integral, not even with which methods."""
    happened = []
    pilot = SimpleNamespace(
        title="rbf", candidate=SimpleNamespace(method="rbf"), preparation_s=1.0, s_per_integral=1e-6, digits_mean=4.0,
        digits_worst=3.0,
    )  # fmt: skip

    class Chooser:
        truth = references.Truth(np.zeros((1, 1)), np.ones(1), np.zeros(1), np.ones(1, dtype=bool), "none")

        def __init__(self, integral, digits, budget_s, told):
            happened.append("chooser")

        def choose(self, wish):
            happened.append(wish.digits)
            return SimpleNamespace(reached=True, pilot=pilot, total_s=1.0, rule="none", rule_error=0.0, wish=wish)

    def recorded():
        happened.append("records")
        return {"bubble": {}}

    monkeypatch.setattr(agreement, "Chooser", Chooser)
    monkeypatch.setattr(agreement.ranking, "verdict", lambda choice: f"{choice.wish.digits:g} digits")
    monkeypatch.setattr(agreement, "recorded", recorded)
    rows = agreement.compared("bubble", [3.0, 6.0], [1e4], 1.0, lambda *_: None)
    assert happened == ["chooser", 3.0, 6.0, "records", "records"]
    assert [(row["best"], row["verdict"]) for row in rows] == [(None, "3 digits"), (None, "6 digits")]


def test_the_shorter_of_two_fits_counts(monkeypatch):
    """One fit alone may be disturbed; of what learns, the budget is the least that preparation takes."""
    figures = iter([(3.0, 1e-6), (2.0, 2e-6)] * 2)

    def call(*_, time_limit):
        preparation_s, s_per_integral = next(figures)
        return Outcome("ok", result={"preparation_s": preparation_s, "s_per_integral": s_per_integral})

    monkeypatch.setattr(agreement.calls, "call", call)
    for method, seconds in (("chebyshev", 2.0 + 1.0), ("dense_mlp", 20.0 + 1.0)):
        record = {"method": method, "fields": {}, "budget_s": 20.0}
        cost = SimpleNamespace(configuration=SimpleNamespace(first=record))
        assert agreement.measured_here("bubble", cost, None, 1e6) == pytest.approx(seconds)


def test_all_integrals_with_curves_are_compared_the_held_out_ones_first():
    names = list(agreement.recorded())
    assert {"heptagon1l", "crossed2l_sum", "box1l", "box2l_sum"} <= set(names)
    assert names.index("heptagon1l") < names.index("box1l")


# ----- the table ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "does"),
    [
        ({"best": None}, True),
        ({"best": None, "reached": False}, False),
        ({"best": "rbf", "ratio": 1.9}, True),
        ({"best": "rbf", "ratio": 2.1}, False),
        ({"best": "rbf", "ratio": None}, False),
        ({"best": "rbf", "ratio": 0.5, "reached": False}, False),
    ],
)
def test_what_agrees(changes, does):
    assert agreement_table.agrees(ROW | changes) is does


def test_the_table_has_all_choices_and_counts_them():
    missed = ROW | {"best": "rbf", "reached": False, "count": 1e4, "best_s": 12345.0}
    text = agreement_table.text(agreement_table.rows({"box1l": {"rows": [ROW, missed]}}))
    assert "| box1l | 3 | 1e9 | rbf | 3.5, 3.1 | 1 | none | – | – | – | – |" in text
    assert "| box1l | 3 | 1e4 | rbf | 3.5, 3.1: missed | 1 | rbf | 12,345 | – | – | – |" in text
    assert "Of 2 choices on 1 integral, 1 take" in text


def test_the_table_rounds_digits_down():
    almost = ROW | {"digits_mean": 5.97, "digits_worst": 4.96, "reached": False}
    assert "| 5.9, 4.9: missed |" in agreement_table.text(agreement_table.rows({"box1l": {"rows": [almost]}}))


def test_the_sentence_says_how_many_choices_have_digits_that_no_record_has():
    with_record = ROW | {"best": "rbf", "ratio": 1.0, "ratio_to_recorded": 3.0}
    missed = ROW | {"reached": False}
    text = agreement_table.text(agreement_table.rows({"box1l": {"rows": [ROW, with_record, missed]}}))
    assert "Of 3 choices on 1 integral, 2 take" in text
    assert "and 1 at most 2 times" in text
    assert "Both numbers count 1 with digits that no recorded configuration has." in text
    assert "Both" not in agreement_table.text(agreement_table.rows({"box1l": {"rows": [with_record, missed]}}))


def test_the_page_says_how_many_integrals_were_compared_with_older_versions():
    now, old = {"rows": [ROW], "versions": agreement_table.versions()}, {"rows": [ROW]}
    assert "choices on 1 of these 2 integrals were made with older" in agreement_table.page_text({"a": now, "b": old})
    assert "older" not in agreement_table.page_text({"a": now})
    raised = now | {"versions": now["versions"] | {"chebyshev": -1}}
    assert "choices on 1 of these 1" in agreement_table.page_text({"a": raised})


def test_the_page_has_the_table_of_the_published_choices():
    document = agreement_table.DOCUMENT.read_text(encoding="utf-8")
    entries = agreement_table.read(agreement_table.PUBLISHED / agreement_table.FILE)
    assert generated_part.insert(document, agreement_table.COMMAND, agreement_table.page_text(entries)) == document
