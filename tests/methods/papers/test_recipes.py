"""Recipes are what the papers print; the numbers here were typed from the papers' text, not from the module."""

from __future__ import annotations

import dataclasses

import pytest
from sample_records import record

import methods
import references
from benchmarks.experiments import preset
from benchmarks.experiments.paper_claims import BASE, BUDGET_S, CLAIMS, Claim, digits_of
from methods.core import names
from methods.papers.primitive_recipes import RECIPES

JHEP = """
    I1 tanh    4 100 160k 100k 5 1.5
    I1 sigmoid 4 100 160k 100k 5 2
    I2 tanh    4 30  40k  20k  5 1.2
    I2 sigmoid 4 30  40k  20k  5 2
"""
"""Table 1: integral, activation, layers, nodes, parameter updates, lattice grid size, n_repeat, gain."""

THESIS = """
    softsign 3  130 2000  80000 1.5 0.01  3
    sigmoid  3  130 15000 80000 2   0.001 3
    tanh     3  130 10000 75000 1.5 0.001 5
    GELU     3  130 10000 30000 1.5 0.01  3
    GELU     10 60  10000 12500 1.5 0.01  3
    GELU     3  100 10000 500   1.5 0.01  5
    GELU     10 30  10000 500   1.5 0.01  5
    GELU     10 60  10000 500   1.5 0.01  5
"""
"""Table I: activation, layers, nodes, epochs, lattice size, gain, ε, replicas (machine and P left out)."""


CHEAP = {"width": 2, "depth": 1, "lattice_size": 8, "n_updates": 1, "n_replicas": 1}
"""Instead of a recipe's own: a fit refuses what is wrong with all its other fields."""


def number(text):
    return float(text.replace("k", "e3"))


def rows(table):
    return [line.split() for line in table.strip().splitlines()]


def of_paper(name):
    return [recipe for recipe in RECIPES.values() if recipe.source.startswith(name)]


def test_jhep_table_1():
    assert len(of_paper("JHEP")) == len(rows(JHEP)) == 4
    for recipe, row in zip(of_paper("JHEP"), rows(JHEP), strict=True):
        fields = recipe.printed
        assert recipe.integral == {"I1": "box1l", "I2": "box2l"}[row[0]]
        assert fields["activation"] == row[1]
        keys = ("depth", "width", "n_updates", "lattice_size", "n_repeat", "gain")
        assert [fields[key] for key in keys] == [number(text) for text in row[2:]]
        assert fields["n_replicas"] == 8
        assert fields["uncertainty"] == "spread"  # "the standard deviation of the replica estimates"
        assert not fields["shared_points"]  # "trained on different samples of the integrand"
        assert {"learning_rate", "schedule", "selection"} <= set(recipe.chosen)


def test_thesis_table_1():
    assert len(of_paper("thesis")) == len(rows(THESIS)) == 8
    for recipe, row in zip(of_paper("thesis"), rows(THESIS), strict=True):
        fields = recipe.printed
        assert recipe.integral == "box1l"
        assert fields["activation"] == {"GELU": "gelu_tanh"}.get(row[0], row[0])  # eq. 5.8
        keys = ("depth", "width", "n_updates", "lattice_size", "gain", "learning_rate", "n_replicas")
        assert [fields[key] for key in keys] == [number(text) for text in row[1:]]
        assert fields["n_repeat"] == 5
        assert fields["schedule"] == "plateau"
        assert fields["scale"] == "max"
        assert fields["uncertainty"] == "mean"
        assert fields["gain_convention"] == "thesis"
        assert {"factor", "patience", "selection"} <= set(recipe.chosen)


@pytest.mark.parametrize(("name", "epochs", "points", "shape"), [("i1", 800, 4e6, (4, 100)), ("i2", 200, 8e5, (4, 30))])
def test_acat_runs_see_as_many_points_as_printed(name, epochs, points, shape):
    """Each epoch "drew a fresh set of 4 million phase-space points"; what is drawn here serves n_repeat updates."""
    assert len(of_paper("ACAT")) == 4
    for activation in ("tanh", "sigmoid"):
        recipe = RECIPES[f"acat_{activation}_{name}"]
        fields = recipe.fields()
        assert fields["n_updates"] / fields["n_repeat"] * fields["lattice_size"] == epochs * points
        assert (recipe.printed["depth"], recipe.printed["width"]) == shape
        assert recipe.printed["n_replicas"] == 4
        assert recipe.printed["shared_points"]  # "on the same data"
        assert {"n_updates", "lattice_size", "n_repeat", "gain"} <= set(recipe.chosen)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_a_method_on_the_command_line(name):
    recipe = RECIPES[name]
    assert not set(recipe.printed) & set(recipe.chosen)
    method_name, fields = names.parse_spec(recipe.method(n_replicas=1))
    assert fields == recipe.fields(n_replicas=1)
    method = methods.create(method_name, **fields)
    methods.create(method_name, **fields | CHEAP).fit(references.integral(recipe.integral))
    # Nothing that has a part in the training is left to a default, which may change.
    without_part = set() if fields["schedule"] == "plateau" else {"factor", "patience"}
    assert {field.name for field in dataclasses.fields(method)} - set(fields) == {
        "seed",
        "device",
        "labels",
    } | without_part


def test_the_preset_paper_has_every_recipe_on_its_integral():
    paper = preset("paper")
    for recipe in RECIPES.values():
        assert recipe.method() in paper.methods[recipe.integral]
        assert paper.budgets[recipe.integral] == 36_000


# ----- ablations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_claims_compare_methods_that_exist(claim):
    params = []
    for spec in claim.settings.values():
        assert spec.startswith(BASE)
        assert spec in preset("ablations").methods["box1l"]
        name, fields = names.parse_spec(spec)
        methods.create(name, **fields | CHEAP).fit(references.integral("box1l"))
        params.append(methods.create(name, **fields).params())
    assert all(a != b for i, a in enumerate(params) for b in params[:i])
    assert {label for pair in claim.order for label in pair} <= set(claim.settings)


def test_every_setting_of_the_ablations_is_one_configuration():
    """Two spellings of the same fields would be trained twice."""
    specs = set(preset("ablations").methods["box1l"])
    made = [methods.create(name, **fields).params() for name, fields in map(names.parse_spec, specs)]
    assert all(a != b for i, a in enumerate(made) for b in made[:i])


CLAIM = Claim("", "", "", {"a": f"{BASE}", "b": f"{BASE},width=7"}, (("a", "b"),))


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ([1.0, 1.1, 1.2], [2.0, 2.1, 2.2], "confirmed"),
        ([2.0, 2.1, 2.2], [1.0, 1.1, 1.2], "not reproduced at this budget"),
        ([1.0, 1.5, 2.0], [1.1, 1.6, 2.1], "not decided"),
        ([1.0], [2.0], "not decided"),
        ([], [2.0, 2.1], "confirmed"),
        ([2.0, 2.1], [], "not reproduced at this budget"),
        ([], [], "not decided"),
    ],
)
def test_verdict(a, b, verdict):
    assert CLAIM.verdict({"a": a, "b": b}) == verdict


@pytest.mark.parametrize("order", [CLAIM.order, ()])
@pytest.mark.parametrize("digits", [{"b": [2.0, 2.1]}, {"a": [1.0, 1.1]}, {}])
def test_a_setting_that_was_not_run_decides_nothing(order, digits):
    assert dataclasses.replace(CLAIM, order=order).verdict(digits) == "not run"


def test_a_claim_without_an_order_is_an_open_question():
    assert dataclasses.replace(CLAIM, order=()).verdict({"a": [1.0, 1.1], "b": [2.0, 2.1]}) == "open question"


def test_digits_are_found_by_what_was_run():
    params = methods.create("published_primitive", n_replicas=1).params()
    common = {"integral": "box1l", "budget_s": BUDGET_S, "status": "ok", "method": "published_primitive"}
    found = [
        record(**common | changes)
        for changes in (
            {"params": params, "digits_mean": 1.0},
            {"params": params | {"width": 7}, "digits_mean": 2.0},
            {"params": params | {"depth": 9}, "digits_mean": 3.0},
            {"params": params, "digits_mean": 4.0, "budget_s": 60.0},
            {"params": params, "digits_mean": None, "status": "failed", "repeat": 1},
            {"params": {}, "digits_mean": 5.0, "method": "chebyshev"},
        )
    ]
    assert digits_of(CLAIM.runs(found)) == {"a": [1.0], "b": [2.0]}
    assert digits_of(CLAIM.runs(found[:1])) == {"a": [1.0]}
