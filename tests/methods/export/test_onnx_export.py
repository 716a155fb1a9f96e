"""An exported primitive, run by onnxruntime, says what `integrate` does; what cannot be exported is refused."""

from __future__ import annotations

import functools
import json
import sys

import numpy as np
import onnxruntime
import pytest
from integrals import changing_sign, plain, product

import methods
import references
from methods.base import InputError, ParametricIntegral
from methods.deep import cpu_corner_sum, cpu_derivative
from methods.deep.activations import ACTIVATIONS
from methods.export.onnx_export import export
from methods.export.onnx_graph import ONLY_FLOAT32, Graph
from methods.published_primitive import SCALINGS

TOLERANCE = {"float64": 1e-10, "float32": 1e-4}
"""Relative to the largest value."""

INTEGRALS = {"product2": lambda: product(2), "box1l": lambda: references.integral("box1l")}

TABLES = {"width": 60, "n_terms": 60, "lattice_size": 64, "n_replicas": 3, "n_updates": 1}
NETWORKS = {"width": 8, "depth": 2, "lattice_size": 64, "n_updates": 1}
FORMULAS = [name for name, activation in ACTIVATIONS.items() if activation.formula]


@functools.cache
def tables(method: str, integral: str):
    return methods.create(method, **TABLES).fit(INTEGRALS[integral]())


def networks(integral: ParametricIntegral, **fields):
    """Fit networks by a single update."""
    return methods.create("published_primitive", **NETWORKS | fields).fit(integral)


@pytest.fixture(autouse=True)
def _plain_torch(monkeypatch):
    """No kernels, which would be compiled for each activation."""
    monkeypatch.setattr(cpu_corner_sum, "library", lambda *_: None)
    monkeypatch.setattr(cpu_derivative, "serves", lambda network, inputs: False)


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run(path, s):
    found = session(path)
    dtype = {"tensor(double)": np.float64, "tensor(float)": np.float32}[found.get_inputs()[0].type]
    return found.run(["value", "error"], {"s": s.astype(dtype)})


def difference(method, path, n=200) -> float:
    """Return the largest difference of value or error, over the largest value."""
    s = method.integral_.sample(n, seed=3)
    expected = method.integrate(s)
    value, error = run(path, s)
    assert value.shape == error.shape == (n,)
    assert np.array_equal(np.isnan(error), np.isnan(expected.error))
    apart = np.abs(value - expected.value).max(), np.nanmax(np.abs(error - expected.error), initial=0.0)
    return max(apart) / np.abs(expected.value).max()


# ----- agreement ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("integral", INTEGRALS)
@pytest.mark.parametrize("name", ["neural_primitive", "separable_primitive"])
def test_tables_agree(name, integral, dtype, tmp_path):
    method = tables(name, integral)
    export(method, tmp_path / "model.onnx", dtype)
    assert difference(method, tmp_path / "model.onnx") < TOLERANCE[dtype]


@pytest.mark.slow
@pytest.mark.parametrize("integral", INTEGRALS)
@pytest.mark.parametrize("activation", FORMULAS)
def test_networks_agree(activation, integral, tmp_path):
    """With one hidden layer: two of relu9 are the hundredth power, below what float32 can tell from zero.

    Larger weights than by default, since the corner sum of a nearly linear network cancels.
    """
    for dtype in ["float32"] if activation == "gelu" else list(TOLERANCE):
        method = networks(INTEGRALS[integral](), activation=activation, precision=dtype, depth=1, gain=4.0)
        export(method, tmp_path / "model.onnx", dtype)
        assert difference(method, tmp_path / "model.onnx") < TOLERANCE[dtype]


@pytest.mark.slow
@pytest.mark.parametrize(
    "fields",
    [
        {"scaling": "largest", "normalisation": "none"},
        {"scaling": "none", "uncertainty": "mean", "n_replicas": 3},
        {"depth": 2, "n_replicas": 1},
        {"depth": 3, "activation": "relu2"},
    ],
    ids=str,
)
def test_every_choice_agrees(fields, tmp_path):
    method = networks(product(2), precision="float64", **fields)
    export(method, tmp_path / "model.onnx")
    assert difference(method, tmp_path / "model.onnx") < TOLERANCE["float64"]


def test_agreement_can_fail(tmp_path):
    """The replicas of another seed are told apart."""
    export(networks(product(2), precision="float64", seed=1), tmp_path / "model.onnx")
    assert difference(networks(product(2), precision="float64"), tmp_path / "model.onnx") > TOLERANCE["float32"]


def test_a_box_with_both_signs(tmp_path):
    method = methods.create("neural_primitive", **TABLES).fit(changing_sign())
    export(method, tmp_path / "model.onnx")
    assert difference(method, tmp_path / "model.onnx") < TOLERANCE["float64"]


def test_one_parameter(tmp_path):
    """Then the box is a single number, too, which onnxruntime would merge with the first layer."""
    one = ParametricIntegral.from_expression(
        name="one", variables=["x"], parameters=["s"], low=[-30], high=[-3], expression="1/(x - s)"
    )
    for method in (
        methods.create("neural_primitive", **TABLES).fit(one),
        *(networks(one, scaling=scaling, precision="float64") for scaling in SCALINGS),
    ):
        export(method, tmp_path / "model.onnx")
        assert difference(method, tmp_path / "model.onnx") < TOLERANCE["float64"]


def test_a_sum_of_sectors(tmp_path):
    method = networks(references.integral("box1l_sum"), precision="float64")
    export(method, tmp_path / "model.onnx")
    assert difference(method, tmp_path / "model.onnx") < TOLERANCE["float64"]


def test_a_loaded_method_exports_the_same_file(tmp_path):
    for method in (tables("neural_primitive", "product2"), networks(product(2))):
        method.save(tmp_path / "saved")
        export(method, tmp_path / "model.onnx")
        export(type(method).load(tmp_path / "saved", product(2)), tmp_path / "again.onnx")
        assert (tmp_path / "model.onnx").read_bytes() == (tmp_path / "again.onnx").read_bytes()


@pytest.mark.parametrize("method", [tables, lambda *_: networks(product(2))], ids=["tables", "networks"])
def test_batches_of_any_size(method, tmp_path):
    method = method("neural_primitive", "product2")
    export(method, tmp_path / "model.onnx")
    s = product(2).sample(1000, seed=0)
    whole = run(tmp_path / "model.onnx", s)[0]
    for n in (0, 1, 17):
        value, error = run(tmp_path / "model.onnx", s[:n])
        assert value.shape == error.shape == (n,)
        np.testing.assert_allclose(value, whole[:n], rtol=1e-12)


def test_functions_of_formulas_agree(tmp_path):
    """Every function that an integrand may have, and powers with s below or above."""
    integral = ParametricIntegral.from_expression(
        name="functions", variables=["x"], parameters=["a", "b"], low=[0.5, 0.5], high=[1.0, 1.0],
        expression="exp(a) + log(b) + sqrt(a*b) + sin(a) + cos(b) + tan(a) + tanh(b) + sinh(a) + cosh(b) + atan(a)"
        " + a**b + 2**a + b**(-3) + sqrt((a - b)**2) + pi*x",
    )  # fmt: skip
    method = networks(integral)
    export(method, tmp_path / "model.onnx", "float32")
    assert difference(method, tmp_path / "model.onnx") < TOLERANCE["float32"]


# ----- the file -------------------------------------------------------------------------------------------------------


def test_metadata_name_the_box(tmp_path):
    export(tables("neural_primitive", "box1l"), tmp_path / "model.onnx")
    texts = session(tmp_path / "model.onnx").get_modelmeta().custom_metadata_map
    integral = references.integral("box1l")
    assert json.loads(texts.pop("about"))[0].startswith("The integral box1l [")
    assert {key: json.loads(text) for key, text in texts.items()} == {
        "method": "neural_primitive",
        "integral": "box1l",
        "parameters": list(integral.parameters),
        "low": list(integral.low),
        "high": list(integral.high),
    }


def test_files_are_small(tmp_path):
    """What is exported of box1l does not grow with the width: four tables."""
    method = methods.create("neural_primitive", n_updates=1, width=500, n_terms=500).fit(references.integral("box1l"))
    export(method, tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").stat().st_size < 100_000


# ----- what cannot be exported ----------------------------------------------------------------------------------------


def test_an_integral_without_symbols_is_refused_only_where_its_centre_is_needed(tmp_path):
    path = tmp_path / "model.onnx"
    with pytest.raises(InputError, match="from_expression"):
        export(networks(plain(2)), path)
    assert not path.exists()
    for method in (
        networks(plain(2), normalisation="none", precision="float64"),
        methods.create("neural_primitive", **TABLES).fit(plain(2)),
    ):
        export(method, path)
        assert difference(method, path) < TOLERANCE["float64"]


@pytest.mark.parametrize(
    ("fields", "dtype", "message"),
    [
        ({"activation": "polylog3"}, "float32", "polylog3 has no formula.*tanh"),
        ({"activation": "gelu"}, "float64", 'Erf in float32 only.*dtype="float32"'),
        ({}, "float16", "no dtype 'float16'; known: float32, float64"),
    ],
    ids=str,
)
def test_what_onnx_cannot_do_is_refused(fields, dtype, message, tmp_path):
    with pytest.raises(InputError, match=message):
        export(networks(product(1), **fields), tmp_path / "model.onnx", dtype)


@pytest.mark.parametrize(("name", "fields"), [("lattice_qmc", {}), ("primitive_corrected", TABLES)])
def test_other_methods_are_refused(name, fields, tmp_path):
    """One that corrects a primitive inherits from it, and cannot be exported all the same."""
    with pytest.raises(InputError, match=f"{name} cannot be exported"):
        export(methods.create(name, **fields).fit(product(1)), tmp_path / "model.onnx")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match="package 'onnx', which is not installed"):
        Graph("float64")


@pytest.mark.slow
@pytest.mark.parametrize("operator", ONLY_FLOAT32)
def test_refused_operators_have_no_float64_kernel_yet(operator, tmp_path, monkeypatch):
    """Where onnxruntime gains one, ONLY_FLOAT32 is to be shortened."""
    monkeypatch.setattr("methods.export.onnx_graph.ONLY_FLOAT32", ())
    for dtype in ("float32", "float64"):
        graph = Graph(dtype)
        graph.output("y", graph.apply(operator, graph.input("s", 1).take(0, axis=1)))
        graph.save(tmp_path / f"{dtype}.onnx", {})
    session(tmp_path / "float32.onnx")
    with pytest.raises(Exception, match="NOT_IMPLEMENTED"):
        session(tmp_path / "float64.onnx")
