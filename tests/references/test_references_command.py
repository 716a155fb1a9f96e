"""`python -m references`: a table that fits the terminal, and all that is known of an integral."""

from __future__ import annotations

import pytest
from terminals import in_a_pipe, on_terminal

import references
from references.__main__ import SIGNS, main
from references.sectors import positivity
from references.values import truth_files


@pytest.fixture
def printed(monkeypatch, capsys):
    return on_terminal(main, monkeypatch, capsys)


@pytest.mark.parametrize("columns", [70, 250])
def test_every_integral_has_a_line_that_fits(printed, columns):
    status, (out, _) = printed(columns=columns)
    assert status == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == references.names()
    assert max(map(len, lines)) <= min(columns, 120)


def test_the_table_has_120_columns_in_a_pipe(monkeypatch, capsys, tmp_path):
    lines = in_a_pipe(main, monkeypatch, capsys, tmp_path).splitlines()
    assert 80 < max(map(len, lines)) <= 120


def test_the_table_says_what_may_be_tuned_on_which_integral(printed):
    lines = printed()[1].out.splitlines()
    use = {line.split()[0]: line.split()[3] for line in lines[1:]}
    assert lines[0].split()[3] == "use"
    assert use["box1l"] == use["genz_gaussian_8d"] == "development"
    assert use["heptagon1l"] == use["genz_product_peak_6d"] == "held-out"
    out = printed("box1l", "heptagon1l")[1].out
    assert "use: development: defaults of methods may have been tuned on it" in out
    assert "use: held-out: no default of a method may be chosen by looking at its values" in out


def test_details_say_which_points_are_known_better(printed):
    out = printed("box2l_sum", "box2l")[1].out
    assert "largest relative error: 2e-09; at the first 60 points 2e-11" in out
    assert out.count("at the first") == 1


@pytest.mark.parametrize("columns", [50, 120])
def test_details_name_box_source_and_checks(printed, columns):
    status, (out, _) = printed("box1l", "box1l_wide", columns=columns)
    assert status == 0
    assert "s12 s14 mH2 in [-30, -3]" in out
    assert "log-uniform" in out
    assert "checked by pysecdec: at 2400 points" in out
    assert max(map(len, out.splitlines())) <= columns


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("box1l", "sign of F: positive by its form"),
        ("box1l_threshold", "sign of F: positive, by completing the square"),
        ("box1l_physical", "sign of F: changes, so that F − i0 is meant"),
        ("genz_gaussian_3d", "sign of F: there is no F"),
    ],
)
def test_details_say_which_sign_F_has(printed, name, said):
    assert said in printed(name)[1].out.splitlines()


def test_every_sign_that_a_polynomial_may_have_is_said_in_words():
    assert {positivity.BY_FORM, positivity.TESTED, positivity.NEGATIVE, positivity.CHANGES} <= set(SIGNS)


def test_an_integral_without_stored_values_says_so(printed):
    status, (out, _) = printed("my_integrals:closed")
    assert status == 0
    assert "true values: none are stored; a comparison makes them, and says where it cannot" in out


def test_an_integral_of_one_s_own_does_not_have_the_values_of_its_name(printed, monkeypatch, tmp_path):
    monkeypatch.setattr(truth_files, "folder", lambda: tmp_path)
    (tmp_path / f"{references.integral('my_integrals:closed').name}.csv").write_text("of another integral")
    assert "true values: none are stored; a comparison makes them" in printed("my_integrals:closed")[1].out


def test_damaged_and_stale_values_are_told_by_their_sentence(printed, monkeypatch, tmp_path):
    text = (truth_files.folder() / "box1l.csv").read_text()
    monkeypatch.setattr(truth_files, "folder", lambda: tmp_path)
    (tmp_path / "box1l.csv").write_text(text.replace(",1,", ",0,", 1))
    out = " ".join(printed("box1l")[1].out.split())
    assert "box1l.csv is damaged (its lines are not those that were written); restore it" in out
    assert "largest relative error" not in out
    (tmp_path / "box2l.csv").write_text(text)
    out = " ".join(printed("box2l")[1].out.split())
    assert "true values: The stored true values of box2l are of another equation, box or parameters" in out


def test_an_unknown_name_is_an_error_in_a_sentence(printed):
    status, (out, error) = printed("box1L")
    assert (status, out) == (2, "")
    assert "box1l" in error


def test_help_says_what_may_be_given(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "NAME" in capsys.readouterr().out
