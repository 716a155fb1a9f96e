"""Whatever is given to an entry, it gives a result or an error of ours in a sentence: inputs by hypothesis."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from integrals import product
from loop_texts import MASSIVE_TRIANGLE
from strange_inputs import (
    FORMULAS,
    JSON,
    NUMBERS,
    POINTS,
    TEXTS,
    changed_lines,
    damaged,
    integral_fields,
)

import methods
import references
from benchmarks.faults import entries
from benchmarks.records import folders, run_records
from references.integrals import catalogue
from references.values import truth_files

pytestmark = pytest.mark.usefixtures("one_thread")

FEW = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
MANY = settings(FEW, max_examples=1_000, derandomize=False)

PROPAGATORS = """
name = "bubble"
propagators = ["k**2 - m**2", "(k + p1)**2 - m**2"]
loop_momenta = ["k"]
external_momenta = ["p1"]
dimension = 2
rules = {"p1*p1" = "s", "m**2" = "1"}
box = {s = [-30, -3]}
"""

FITTED = {
    "gauss_legendre": {"order": 4},
    "chebyshev": {"epsrel": 1e-4},
    "dense_mlp": {"n_labels": 100, "n_updates": 5, "depth": 2, "width": 16},
}


def fitted(name):
    return methods.create(name, **FITTED[name]).fit(product(2))


def written(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return path


# ----- values -------------------------------------------------------------------------------------------------------

SPECS = (
    TEXTS
    | st.tuples(st.sampled_from(sorted(methods.METHODS)), TEXTS, NUMBERS).map(lambda parts: "{},{}={}".format(*parts))
    | st.tuples(
        st.sampled_from(["gauss_legendre,order=", "chebyshev,labels=", "chebyshev,labels=(gauss_legendre,order="]),
        NUMBERS.map(str),
    ).map("".join)
)

# A module that is named is imported, and so runs: no name here is one of a module that there may be.
INTEGRAL_NAMES = (
    TEXTS.filter(lambda text: ":" not in text)
    | TEXTS.map(lambda text: f"no_such_module:{text}")
    | TEXTS.filter(lambda text: "\n" not in text).map("{}.json".format)
    | TEXTS.map("genz_{}_5d".format)
    | st.integers().map("genz_gaussian_{}d".format)
)

VALUES = {
    entries.formula: FORMULAS,
    entries.integral: integral_fields(),
    entries.spec: SPECS,
    entries.integral_name: INTEGRAL_NAMES,
}


def hold(entry, strategy, how_many):
    @how_many
    @given(strategy)
    def check(value):
        assert entry(value) is None

    check()


@pytest.mark.parametrize("entry", VALUES, ids=lambda entry: entry.__name__)
def test_values(entry):
    hold(entry, VALUES[entry], FEW)


@pytest.mark.slow
@pytest.mark.parametrize("entry", VALUES, ids=lambda entry: entry.__name__)
def test_many_values(entry):
    hold(entry, VALUES[entry], MANY)


@pytest.mark.parametrize("name", FITTED)
def test_points(name):
    method = fitted(name)
    hold(lambda s: entries.points(method, s), POINTS, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", FITTED)
def test_many_points(name):
    method = fitted(name)
    hold(lambda s: entries.points(method, s), POINTS, MANY)


# ----- files --------------------------------------------------------------------------------------------------------


@st.composite
def changed_sectors(draw, text):
    content = json.loads(text)
    where = draw(st.sampled_from([content, content["sectors"][0]]))
    where[draw(st.sampled_from(sorted(where)))] = draw(JSON | FORMULAS)
    return json.dumps(content)


def of_sectors(folder):
    text = (catalogue.FOLDER / "box1l.json").read_text()
    path = folder / "sectors.json"
    return changed_sectors(text) | damaged(text.encode()), lambda content: entries.sector_file(written(path, content))


def of_loops(folder):
    texts = changed_lines(MASSIVE_TRIANGLE) | changed_lines(PROPAGATORS) | damaged(MASSIVE_TRIANGLE.encode())
    return texts, lambda content: entries.loop_file(written(folder / "loop.toml", content))


def of_truth(folder):
    bubble, path = references.integral("bubble"), truth_files.folder() / "bubble.csv"
    text, expected = path.read_text(), truth_files.read(path, bubble)
    contents = damaged(text.encode()) | changed_lines(text)
    return contents, lambda content: entries.truth_table(written(folder / "bubble.csv", content), bubble, expected)


def of_models(folder):
    method, path = fitted("gauss_legendre"), folder / "model"
    method.save(path)
    s = method.integral_.sample(5, seed=0)
    content, expected = path.read_bytes(), method.integrate(s).value
    return damaged(content), lambda content: entries.model_file(written(path, content), None, s, expected)


def of_records(folder):
    path = sorted(folders.PUBLISHED.glob("*/runs/*.json"))[0]
    text, expected = path.read_text(), run_records.read(path)
    return (
        changed_lines(text) | damaged(text.encode()),
        lambda content: (
            entries.record_file(written(folder / "runs" / path.name, content), expected)
            or entries.result_folder(folder)
        ),
    )


FILES = [of_sectors, of_loops, of_truth, of_models, of_records]


@pytest.mark.parametrize("kind", FILES, ids=lambda kind: kind.__name__)
def test_files(kind, tmp_path):
    strategy, entry = kind(tmp_path)
    hold(entry, strategy, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES, ids=lambda kind: kind.__name__)
def test_many_files(kind, tmp_path):
    strategy, entry = kind(tmp_path)
    hold(entry, strategy, MANY)


# ----- negative controls ----------------------------------------------------------------------------------------------


def test_what_does_not_hold_is_told(tmp_path):
    def broken():
        raise RecursionError("too deep")

    assert entries.problem_of(broken).startswith("RecursionError: too deep (line ")
    assert "no sentence" in entries.problem_of_sentence("two\nlines.")
    assert "no sentence" in entries.problem_of_sentence("no end")
    method = fitted("gauss_legendre")
    method.save(tmp_path / "model")
    s = method.integral_.sample(3, seed=0)
    assert "other values" in entries.model_file(tmp_path / "model", None, s, method.integrate(s).value + 1)
    path = sorted(folders.PUBLISHED.glob("*/runs/*.json"))[0]
    assert "is believed" in entries.record_file(path, None)
