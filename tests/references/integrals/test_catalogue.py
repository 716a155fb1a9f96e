"""The catalogue: names, which integrals are held out, how difficult they are, and what importing them brings along."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import methods
import references
from methods.base import InputError
from references.integrals import catalogue
from references.sectors import positivity, sector_files
from references.values import quadrature


def test_registered_integrals():
    assert {"box1l", "box2l"} <= set(references.names())
    for name in references.names():
        integral = references.integral(name)
        assert integral.name == name
        assert integral.source
        assert catalogue.ENTRIES[name].difficulty in {"easy", "standard", "hard"}
        assert catalogue.ENTRIES[name].why
        assert catalogue.ENTRIES[name].positive
        assert catalogue.ENTRIES[name].use in {catalogue.DEVELOPMENT, catalogue.HELD_OUT}


HELD_OUT = [name for name, entry in catalogue.ENTRIES.items() if entry.use == catalogue.HELD_OUT]


def test_held_out_integrals_are_of_several_kinds():
    integrals = [references.integral(name) for name in HELD_OUT]
    loops = [integral for integral in integrals if not integral.name.startswith("genz_")]
    assert len(loops) >= 8
    assert len(integrals) - len(loops) >= 4
    assert {3, 4, 5, 6} <= {integral.k for integral in loops}
    assert min(integral.m for integral in loops) >= 2
    assert max(integral.m for integral in loops) >= 6
    assert sum(1 < len(integral.terms) <= 12 for integral in loops) >= 2
    assert {integral.draw for integral in loops} == {"uniform", "log-uniform"}


def test_development_integrals_are_those_that_methods_were_made_on():
    known = {"box1l", "box2l", "box2l_sum", "box1l_wide", "hexagon1l", "pentabox_s01", "genz_gaussian_3d"}
    assert not known & set(HELD_OUT)
    assert catalogue.is_held_out(HELD_OUT[0])
    # Made on demand, and so neither registered nor held out.
    assert not catalogue.is_held_out("genz_gaussian_7d")


def held_out_names_in(text, name):
    """Return what is written in a text of a held-out integral, or of the loop integral that it is a part of."""
    whole = re.sub(r"_(s\d+|sum)$", "", name)
    others = {other for other, entry in catalogue.ENTRIES.items() if entry.use == catalogue.DEVELOPMENT}
    return set(re.findall(rf"\b{whole}\w*", text)) - others


@pytest.mark.parametrize("name", HELD_OUT)
def test_no_method_names_a_held_out_integral(name):
    """A default chosen on an integral says so beside it, as the constants of `methods/` do."""
    files = sorted(Path(methods.__file__).parent.rglob("*.py"))
    assert any("pentagon1l_8d" in path.read_text(encoding="utf-8") for path in files)
    assert [path.name for path in files if held_out_names_in(path.read_text(encoding="utf-8"), name)] == []


def test_parts_of_a_held_out_loop_integral_are_found_by_name():
    for text in ("box2l_crossed", "tuned on box2l_crossed_s07.", "box2l_crossed_s01", "box2l_crossed_sum"):
        assert held_out_names_in(text, "box2l_crossed_s01")
    for text in ("box2l", "box2l_s01", "mybox2l_crossed"):
        assert not held_out_names_in(text, "box2l_crossed_s01")


def test_the_catalogue_says_of_each_entry_whether_it_is_complex():
    for name in references.names():
        assert catalogue.is_physical(name) == references.integral(name).is_complex


def test_a_sector_of_a_file_has_a_sign_of_its_own(monkeypatch):
    content = sector_files.read(catalogue.FOLDER / "box1l.json")
    first, *others = content["sectors"]
    changing = first._replace(positive=positivity.CHANGES, prescription="F")
    monkeypatch.setattr(sector_files, "read", lambda _: {**content, "sectors": [changing, *others]})
    entries = catalogue.sectors_of("box1l", "easy", "", lambda _: True)
    assert {name: entry.is_complex for name, entry in entries.items()} == {
        "box1l_s1": True, "box1l_s2": False, "box1l_s3": False, "box1l_sum": True,
    }  # fmt: skip
    assert entries["box1l_s2"].positive == "by its form"
    assert entries["box1l_sum"].positive == "by its form; changes sign: F − i0"


REAL = [name for name in references.names() if not catalogue.is_physical(name)]


@pytest.mark.parametrize("name", [n for n in REAL if references.integral(n).k <= 4])
def test_difficulty_is_what_a_tensor_rule_takes(name):
    integral = references.integral(name)
    rule = quadrature.tune(integral, quadrature.hard_points(integral, integral.sample(8, 0)), 1e-10)
    smooth = max(rule.orders) < 8 * quadrature.TRIAL_ORDER
    measured = "hard" if not smooth or rule.n_nodes > 2e5 else "standard" if rule.n_nodes > 2e4 else "easy"
    assert catalogue.ENTRIES[name].difficulty == measured, rule


@pytest.mark.parametrize("ask", [references.integral, references.truth])
def test_an_unknown_name_is_told_with_the_known_ones(ask):
    with pytest.raises(InputError, match=r"box1.*known: box1l, .*Did you mean 'box1l'"):
        ask("box1")


def test_a_file_of_ones_own_is_asked_for_the_name_in_it():
    with pytest.raises(InputError, match=r"mine.py is a file; name the integral in it, as mine:NAME"):
        references.integral("mine.py")


def test_an_integral_of_ones_own_by_module_and_attribute():
    assert references.integral("my_integrals:closed").name == "product2"
    with pytest.raises(InputError, match=r"not a methods\.base\.ParametricIntegral"):
        references.integral("references.integrals.ngon:EUCLIDEAN")
    with pytest.raises(InputError, match="no_such_module"):
        references.integral("no_such_module:box1l")


def test_import_is_light():
    heavy = "{'torch', 'sympy', 'pandas', 'xgboost', 'pySecDec', 'tqdm'}"
    code = f"import sys, references; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_quadrature_shares_nothing_with_a_scored_method():
    code = (
        "import sys, methods, references.values.on_demand; box = references.integral('box1l'); "
        "rule = references.values.quadrature.Rule((2, 2, 2), (1.0, 1.0, 1.0)); "
        "references.values.quadrature.apply(box, rule, box.sample(1, 0)); "
        "scored = {target.partition(':')[0] for target in methods.METHODS.values()} | {'methods.core.node_sums'}; "
        "sys.exit(', '.join(scored & set(sys.modules)) or 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
