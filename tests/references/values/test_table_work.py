"""Points of a table that are known better than others, and stored values that are kept."""

from __future__ import annotations

import ast
import dataclasses
import importlib.metadata
import inspect

import numpy as np
import pytest
from integrals import product

import methods
from references import tabulate
from references.values import second_opinions, table_work, tabulation_tasks, truth_files
from references.values.table_plans import Check, Precise, TablePlan
from references.values.truth_files import TruthError

ROUGH = TablePlan(n=20, edge_points=12, epsrel=1e-3, asks=(Check("closed_form", 1e-6, 20, 12),))


def unsolved(k):
    """Return the integral whose closed form only the check knows."""
    return dataclasses.replace(product(k), exact=None)


def computed(monkeypatch):
    """Let `tabulation_tasks.values` note the points and the relative error that it is asked for; return the notes."""
    asked, compute = [], tabulation_tasks.values

    def values(integral, s, epsrel, maker):
        asked.append((len(s), epsrel))
        return compute(integral, s, epsrel, maker)

    monkeypatch.setattr(tabulation_tasks, "values", values)
    return asked


def relative_errors(path):
    truth = truth_files.read(path, product(3)).truth
    return truth.error / np.abs(truth.value)


def test_some_points_may_be_known_better_than_others(tmp_path, checked_by_closed_form, monkeypatch):
    checked_by_closed_form(product(3))
    asked = computed(monkeypatch)
    tabulate.tabulate(unsolved(3), ROUGH._replace(precise=Precise(8, 1e-12)), tmp_path)
    assert asked == [(8, 1e-12), (24, 1e-3)]
    found = relative_errors(tmp_path / "product3.csv")
    assert found[:8].max() <= 1e-12 < found[8:].min()
    how = truth_files.read(tmp_path / "product3.csv", product(3)).truth.how
    assert f"up to {found.max():.1e} ({found[:8].max():.1e} at the first 8)" in how


def test_stored_values_that_are_known_well_enough_are_kept(tmp_path, checked_by_closed_form, monkeypatch):
    checked_by_closed_form(product(3))
    path = tmp_path / "product3.csv"
    tabulate.tabulate(unsolved(3), ROUGH, tmp_path)
    before = truth_files.read(path, product(3)).truth
    asked = computed(monkeypatch)
    tabulate.tabulate(unsolved(3), ROUGH._replace(precise=Precise(8, 1e-12)), tmp_path)
    assert asked == [(8, 1e-12)]
    after = truth_files.read(path, product(3)).truth
    np.testing.assert_array_equal(after.value[8:], before.value[8:])
    np.testing.assert_array_equal(after.error[8:], before.error[8:])
    np.testing.assert_allclose(after.value[:8], product(3).exact(after.s[:8]), rtol=1e-12)
    assert "24 values of 20" in after.how
    # What is asked for afterwards is there already, whoever checks it.
    del asked[:]
    tabulate.tabulate(unsolved(3), ROUGH, tmp_path)
    assert not asked
    assert relative_errors(path)[:8].max() <= 1e-12
    np.testing.assert_array_equal(truth_files.read(path, product(3)).truth.value, after.value)


def test_precise_points_that_are_not_precise_are_refused(tmp_path, checked_by_closed_form, monkeypatch):
    checked_by_closed_form(product(3))
    compute = tabulation_tasks.values

    def vague(integral, s, epsrel, maker):
        result = compute(integral, s, epsrel, maker)
        return result | {"error": [2e-12 * value for value in result["value"]]}

    monkeypatch.setattr(tabulation_tasks, "values", vague)
    with pytest.raises(TruthError, match=r"reaches 2\.0e-12 at .* but its plan says 1e-12: nothing is written"):
        tabulate.tabulate(unsolved(3), ROUGH._replace(precise=Precise(8, 1e-12)), tmp_path)


def test_stored_plans_without_a_key_that_came_later_are_as_planned(tmp_path, checked_by_closed_form):
    checked_by_closed_form(product(3))
    tabulate.tabulate(unsolved(3), ROUGH, tmp_path)
    path = tmp_path / "product3.csv"
    table = truth_files.read(path, product(3))
    header = {key: entry for key, entry in table.header.items() if key not in ("fingerprint", "how", "file_hash")}
    del header["plan"]["precise"]
    truth_files.write(path, product(3), header, table.truth, table.independent)
    assert "as planned" in tabulate.tabulate(unsolved(3), ROUGH, tmp_path)


def modules_behind(module):
    """Return the names of the modules of references.values that a module imports, anywhere in it, and those behind."""
    found = {module.__name__}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("references.values"):
            inside = node.module == "references.values"
            for name in [f"{node.module}.{alias.name}" for alias in node.names] if inside else [node.module]:
                found |= modules_behind(importlib.import_module(name))
    return found


def test_all_code_that_decides_results_is_in_the_key_of_unfinished_work():
    assert {module.__name__ for module in table_work.SOURCES} == modules_behind(tabulation_tasks) - {
        "references.values.truth_files"  # stores what was found
    }


@pytest.mark.parametrize("name", second_opinions.SCORED)
def test_unfinished_work_starts_anew_where_a_method_that_checks_has_another_version(name, monkeypatch):
    before = table_work.journal_key(product(3))
    assert table_work.journal_key(product(3)) == before
    monkeypatch.setattr(type(methods.create(name)), "version", 1000)
    assert table_work.journal_key(product(3)) != before


@pytest.mark.parametrize("package", tabulation_tasks.PACKAGES)
def test_unfinished_work_starts_anew_where_a_package_has_another_version(package, monkeypatch):
    before, version = table_work.journal_key(product(3)), importlib.metadata.version
    assert {"numpy", "scipy", "sympy", "mpmath"} <= set(tabulation_tasks.PACKAGES)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0" if name == package else version(name))
    assert table_work.journal_key(product(3)) != before
