"""Methods and integrals as words on a command line: specs and back, the form of values, and what is refused."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from broken_methods import Exact
from hypothesis import given, settings
from hypothesis import strategies as st

import methods
import references
from methods.base import InputError, Method
from methods.core import names

# ----- specs ----------------------------------------------------------------------------------------------------------


def test_a_spec_may_hold_another_one_in_brackets():
    name, fields = names.parse_spec("chebyshev,labels=(gauss_legendre,max_nodes=3000),epsrel=1e-6")
    assert name == "chebyshev"
    assert fields == {"labels": "gauss_legendre,max_nodes=3000", "epsrel": 1e-6}
    made = methods.create(name, **fields)
    assert made.params()["labels"] == "gauss_legendre,max_nodes=3000"


@pytest.mark.parametrize("name", methods.METHODS)
def test_the_defaults_of_every_method_can_be_typed(name):
    params = methods.create(name).params()
    read_name, fields = names.parse_spec(names.spec_text(name, params))
    assert read_name == name
    assert methods.create(name, **fields).params() == params
    for field, value in params.items():
        assert names.parse_spec(names.spec_text(name, {field: value})) == (name, {field: value})


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"order": 8}, "m,order=8"),
        ({"labels": "gauss_legendre,max_nodes=3"}, "m,labels=(gauss_legendre,max_nodes=3)"),
        ({"labels": "a,labels=(b,labels=(c,n=1)),n=2"}, "m,labels=(a,labels=(b,labels=(c,n=1)),n=2)"),
        ({"symmetry": ""}, "m,symmetry="),
        ({"text": "1"}, "m,text='1'"),
        ({"text": "None"}, "m,text='None'"),
        ({"text": "it's"}, 'm,text="it\'s"'),
        ({"text": "(bare)"}, "m,text=((bare))"),
        ({"text": "(a)+(b)"}, "m,text=(a)+(b)"),
        ({"text": "a)"}, "m,text='a)'"),
        ({"flag": True, "none": None}, "m,flag=True,none=None"),
        ({"layers": [10, 20]}, "m,layers=[10, 20]"),
        ({"limit": float("-inf")}, "m,limit=-1e999"),
    ],
)
def test_spec_text_is_as_short_as_it_may_be(fields, text):
    assert names.spec_text("m", fields) == text
    assert names.parse_spec(text) == ("m", fields)


NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
MARKS = st.text(alphabet="ab1,=()[]{}'\"\\ #:.-\n", max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | MARKS
NESTED = st.dictionaries(NAMES, SCALARS, max_size=3).map(lambda fields: names.spec_text("inner", fields))
FINITE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | MARKS
VALUES = SCALARS | NESTED | st.lists(FINITE, max_size=3) | st.dictionaries(NAMES, FINITE, max_size=2)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(fields=st.dictionaries(NAMES, VALUES, max_size=4))
def test_parse_spec_and_spec_text_are_inverses(fields):
    name, again = names.parse_spec(names.spec_text("some_file:Method", fields))
    assert name == "some_file:Method"
    assert again == fields
    assert [type(value) for value in again.values()] == [type(value) for value in fields.values()]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(text=MARKS)
def test_any_text_is_a_spec_or_refused_in_one_sentence(text):
    try:
        message = f"{names.parse_spec(f'm,{text}')}."
    except InputError as problem:
        message = str(problem)
    assert message.endswith(".")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("m,labels=(a,b=1", r"lacks a closing '\)'"),
        ("m,labels=((a,b=1)", r"lacks a closing '\)'"),
        ("m,labels=a,b=1)", r"has a '\)' that closes nothing"),
        ("m,labels=(a]", r"has a '\]' that closes nothing"),
        ("m,labels='a", "has an opening ' that is never closed"),
        ("m,labels", "'labels' in 'm,labels' is not of the form field=value"),
        ("m,n=1,n=2", "gives the field 'n' twice"),
    ],
)
def test_what_is_no_spec_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        names.parse_spec(text)


@pytest.mark.parametrize("value", [float("nan"), np.float64(1.5), object(), -0j])
def test_a_value_without_text_is_refused(value):
    with pytest.raises(InputError, match=r"^f=.* cannot be written on a command line"):
        names.spec_text("m", {"f": value})


# ----- the form of values ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "field", "value"),
    [
        ("gauss_legendre,max_nodes=1e4", "max_nodes", 10_000),
        ("gauss_legendre,order=6.0", "order", 6),
        ("gauss_legendre,order=None", "order", None),
        ("gauss_legendre,epsrel=1", "epsrel", 1.0),
        ("gauss_legendre,a=3", "a", 3.0),
        ("published_primitive,shared_points=True", "shared_points", True),
        ("published_primitive,labels=lattice_qmc", "labels", "lattice_qmc"),
    ],
)
def test_one_setting_has_one_form(spec, field, value):
    name, fields = names.parse_spec(spec)
    found = methods.create(name, **fields).params()[field]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("value", [np.int64(7), np.float64(7.0), 7.0])
def test_numpy_numbers_become_plain_ones(value):
    assert type(methods.create("gauss_legendre", order=value).params()["order"]) is int
    assert type(methods.create("gauss_legendre", epsrel=value).params()["epsrel"]) is float


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("gauss_legendre,max_nodes=1.5", "max_nodes takes a whole number such as 20000; got 1.5."),
        ("gauss_legendre,max_nodes=1e999", "max_nodes takes a whole number such as 20000; got inf."),
        ("gauss_legendre,max_nodes=True", "max_nodes takes a whole number such as 20000; got True."),
        ("gauss_legendre,max_nodes=None", "max_nodes takes a whole number such as 20000; got None."),
        ("gauss_legendre,order=tiny", "order takes a whole number or None; got 'tiny'."),
        ("gauss_legendre,order=2.5", "order takes a whole number or None; got 2.5."),
        ("gauss_legendre,a=steep", "a takes a number or None; got 'steep'."),
        ("gauss_legendre,epsrel=True", "epsrel takes a number such as 1e-08; got True."),
        ("gauss_legendre,epsrel=1j", "epsrel takes a number such as 1e-08; got 1j."),
        ("gauss_legendre,device=1", "device takes text such as 'cpu'; got 1."),
        ("published_primitive,labels=1", "labels takes text or None; got 1."),
        ("published_primitive,shared_points=1", "shared_points takes True or False; got 1."),
    ],
)
def test_a_value_of_another_kind_is_refused(spec, message):
    name, fields = names.parse_spec(spec)
    with pytest.raises(InputError) as problem:
        methods.create(name, **fields)
    assert str(problem.value) == f"{name}.{message}"


def test_a_number_too_large_for_a_float_is_refused():
    with pytest.raises(InputError, match="takes a number"):
        methods.create("gauss_legendre", epsrel=10**400)


@dataclass(kw_only=True)
class Needy(Exact):
    """Has a field without default, and one whose annotation no interpreter can read."""

    name: ClassVar[str] = "needy"
    n: int
    other: OnlyKnownToTypeCheckers = 0.5  # noqa: F821


def test_a_field_without_value_is_named():
    with pytest.raises(InputError, match=r"Needy needs a value of n; give .*Needy,n=value\."):
        methods.create(f"{__name__}:Needy")


def test_where_annotations_cannot_be_read_the_default_tells():
    assert methods.create(f"{__name__}:Needy", n=3, other=2).params() == {"factor": 1.0, "n": 3, "other": 2.0}
    with pytest.raises(InputError, match=r"other takes a number such as 0\.5"):
        methods.create(f"{__name__}:Needy", n=3, other="x")


# ----- what a module has ----------------------------------------------------------------------------------------------


def known(problem: InputError) -> list[str]:
    return str(problem).partition("known: ")[2].partition(". ")[0].rstrip(".").split(", ")


def test_a_misspelt_class_is_told_with_the_methods_only():
    with pytest.raises(InputError, match=r"There is no attribute of broken_methods 'Exat'.*Did you mean 'Exact'") as p:
        methods.create("broken_methods:Exat")
    assert {"Exact", "Sleeps", "Placed"} <= set(known(p.value))
    assert not {"Estimate", "Method", "ClassVar", "Path", "dataclass", "np", "os"} & set(known(p.value))


def test_methods_that_a_module_imports_are_told_too():
    with pytest.raises(InputError) as problem:
        methods.create(f"{__name__}:Exat")
    assert known(problem.value) == ["Exact", "Needy"]


def test_a_misspelt_integral_is_told_with_the_integrals_only():
    with pytest.raises(InputError, match="Did you mean 'closed'") as problem:
        references.integral("my_integrals:clsed")
    assert known(problem.value) == ["closed", "no_symbols", "rough", "with_zeros"]


def test_a_module_without_methods_says_none():
    with pytest.raises(InputError, match="known: none"):
        methods.create("methods.core.errors:Nothing")


@pytest.mark.parametrize("target", [":Exact", ".broken_methods:Exact", "broken methods:Exact", "../broken:Exact"])
def test_what_cannot_be_a_module_is_refused(target):
    with pytest.raises(InputError, match="names no module; give module:attribute"):
        methods.create(target)


@pytest.mark.parametrize(
    "target", ["methods.surrogates.regressor:Regressor", "methods.base:Method", "integrals:product"]
)
def test_what_is_not_a_finished_method_is_refused(target):
    with pytest.raises(InputError, match="is not a method"):
        methods.create(target)


# ----- what no record can hold ----------------------------------------------------------------------------------------


@pytest.fixture
def create_class(monkeypatch):
    """Return a function that creates the method of a class with these attributes, as the harness would."""

    def create(fields=(), **attributes):
        made = dataclasses.make_dataclass("Strange", fields, bases=(Exact,), namespace=attributes, kw_only=True)
        monkeypatch.setattr(sys.modules[__name__], "Strange", made, raising=False)
        return methods.create(f"{__name__}:Strange")

    return create


@pytest.mark.parametrize("name", ["a", "My-Method_2.0", "x" * 60])
def test_good_names_pass(create_class, name):
    assert create_class(name=name).name == name


@pytest.mark.parametrize("name", ["", "x" * 61, "x" * 300, 7, None, "two words", "a/b", "..\n", "é", "a,b", b"bytes"])
def test_names_that_no_record_can_have_are_refused(create_class, name):
    with pytest.raises(InputError, match=r"Strange' has the name .*; set name to 1 to 60 letters") as problem:
        create_class(name=name)
    assert len(str(problem.value)) < 300
    assert "\n" not in str(problem.value)


@dataclass(kw_only=True)
class _Nameless(Method):
    source: ClassVar[str] = "none"

    def fit(self, integral, *, budget=None, monitor=None):
        return self

    def integrate(self, s):
        raise NotImplementedError


def test_a_class_without_a_name_is_refused():
    with pytest.raises(InputError, match="has the name None; set name"):
        methods.create(f"{__name__}:_Nameless")


@pytest.mark.parametrize("version", [0, -1, 1.0, True, "1", None])
def test_versions_that_are_not_positive_whole_numbers_are_refused(create_class, version):
    assert create_class(version=3).version == 3
    with pytest.raises(InputError, match=r"has the version .*; set version to a positive whole number"):
        create_class(version=version)


class Text(str):
    """Looks like text, and may run code where it is unpickled."""


@pytest.mark.parametrize(
    "value",
    [(1, 2), {1: 2}, {"a": (1,)}, {1, 2}, np.ones(2), np.float64(1.0), Text("a"), [Text("a")], 1j, b"x", print],
)
def test_hyperparameters_that_are_not_plain_are_refused(create_class, value):
    plain = [("field", object, dataclasses.field(default_factory=lambda: {"a": [1, 2.5, None, True, "x"]}))]
    assert create_class(plain).params()["field"]["a"] == [1, 2.5, None, True, "x"]
    with pytest.raises(InputError, match=r"field is .*, which a record cannot hold"):
        create_class([("field", object, dataclasses.field(default_factory=lambda: value))])


# ----- attributes of every class --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", methods.METHODS)
def test_version_and_precision_are_stated_and_precision_is_a_field_only_where_it_is_a_choice(name):
    method = methods.create(name)
    assert type(method.version) is int
    assert method.version >= 1
    assert method.precision in ("float32", "float64")
    assert "version" not in method.params()
    assert ("precision" in method.params()) == ("primitive" in name)
