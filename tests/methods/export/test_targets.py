"""Exported headers, Python files and ONNX graphs say what `integrate` does, compiled with all warnings as errors."""

from __future__ import annotations

import dataclasses
import fcntl
import functools
import importlib.util
import os
import re
import shutil
import subprocess
import tracemalloc
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from integrals import plain, product

import methods
import references
from methods.base import ParametricIntegral
from methods.core.storage import StorageError
from methods.export.targets import export

N = 10_000
TOLERANCE = {"float64": 1e-13, "float32": 1e-6}

LABELS = {"labels": "label_methods:Exact"}
NETWORK = {"n_labels": 60, "n_updates": 10, **LABELS}
PRIMITIVE = {"width": 50, "n_terms": 60, "lattice_size": 64, "n_updates": 1}
FITS: dict[str, tuple[str, dict]] = {
    "chebyshev": ("chebyshev", {"max_labels": 200, **LABELS}),
    "total_degree": ("total_degree", {"max_labels": 200, **LABELS}),
    "tensor_train": ("tensor_train", {"max_labels": 400, "n_pilot": 64, **LABELS}),
    "gauss_legendre": ("gauss_legendre", {"order": 5}),
    "neural_primitive": ("neural_primitive", {**PRIMITIVE, "n_replicas": 3}),
    "separable_primitive": ("separable_primitive", {**PRIMITIVE, "n_replicas": 1}),
    "dense_mlp": ("dense_mlp", {"depth": 2, "width": 9, "activation": "silu", "target": "log", **NETWORK}),
    "skip_mlp": ("skip_mlp", {"n_blocks": 2, "width": 8, "activation": "elu", "symmetry": "s1:s2", **NETWORK}),
    "deep_ensemble": ("deep_ensemble", {"width": 8, "depth": 1, "activation": "softplus", "n_replicas": 2, **NETWORK}),
    "bayesian_mlp": ("bayesian_mlp", {"width": 8, "depth": 1, "n_samples": 3, "initial_std": 1e-2, **NETWORK}),
    "differential_mlp": ("differential_mlp", {"width": 8, "n_labels": 50, "n_iterations": 20}),
    "arcs": ("gauss_legendre", {"epsrel": 1e-2, "search_order": 4}),
    "complex_chebyshev": ("chebyshev", {"max_labels": 100, **LABELS}),
    "crossing_chebyshev": ("chebyshev", {"max_labels": 100, **LABELS}),
    "complex_primitive": ("neural_primitive", {"width": 50, "n_replicas": 2, "n_updates": 1}),
    "complex_dense": ("dense_mlp", {"depth": 1, "width": 8, **NETWORK}),
    "crossing_skip": ("skip_mlp", {"n_blocks": 1, "width": 6, **NETWORK}),
    "complex_ensemble": ("deep_ensemble", {"width": 6, "depth": 1, "n_replicas": 2, **NETWORK}),
    "complex_bayesian": ("bayesian_mlp", {"width": 6, "depth": 1, "n_samples": 3, **NETWORK}),
    "complex_differential": ("differential_mlp", {"width": 8, "n_labels": 60, "n_iterations": 40}),
    "complex_train": ("tensor_train", {"max_labels": 600, "n_pilot": 64, **LABELS}),
}


def decade() -> ParametricIntegral:
    """∫ dx/(s1 + s2 x) over a decade of s, where log s loses nothing in the float32 of a network."""
    return ParametricIntegral.from_expression(
        name="decade", variables=["x"], parameters=["s1", "s2"], low=[0.2, 0.2], high=[2, 2],
        expression="1/(s1 + s2*x)",
    )  # fmt: skip


def symmetric() -> ParametricIntegral:
    """∫ dx/((s1 + x1) (s2 + x2)), in which both invariants may be exchanged, with its closed form."""
    made = ParametricIntegral.from_expression(
        name="symmetric", variables=["x1", "x2"], parameters=["s1", "s2"], low=[1, 1], high=[2, 2],
        definitions={"D1": "s1 + x1", "D2": "s2 + x2"}, expression="1/(D1*D2)",
    )  # fmt: skip
    return dataclasses.replace(made, exact=lambda s: np.log1p(1 / s).prod(axis=1))


def crossing() -> ParametricIntegral:
    """Return the bubble on both sides of its threshold at s = 4, with its closed form on either."""

    def exact(s):
        s = s[:, 0].astype(complex)
        beta = np.sqrt(1 - 4 / s)  # i times a real number below the threshold
        return np.where(s.real > 4, 2 / (s * beta) * (np.log((1 - beta) / (1 + beta)) + 1j * np.pi), _below(s.real))

    bubble = references.integral("bubble_physical")
    return dataclasses.replace(bubble, name="bubble_crossing", low=(2.0,), high=(8.0,), exact=exact)


def scaled() -> ParametricIntegral:
    """Return half the interval of a bubble above its threshold, times a second invariant, with its closed form."""

    def exact(s):
        beta = np.sqrt(1 - 4 / s[:, 0])
        return s[:, 1] * 2 / (s[:, 0] * beta) * (np.log((1 - beta) / (1 + beta)) + 1j * np.pi)

    made = ParametricIntegral.from_expression(
        name="scaled", variables=["x"], parameters=["s", "a"], definitions={"F": "4 - s*x*(2 - x)"},
        expression="4*a/F", prescription="F", low=[5, 1], high=[30, 2],
    )  # fmt: skip
    return dataclasses.replace(made, exact=exact)


MADE = {
    "differential_mlp": decade, "skip_mlp": symmetric, "crossing_chebyshev": crossing, "crossing_skip": crossing,
    "complex_train": scaled,
}  # fmt: skip
"""Fits on integrals that are not registered."""


def _below(s: np.ndarray) -> np.ndarray:
    distance = np.abs(4 - s)
    return 4 / np.sqrt(s * distance) * np.arctan(np.sqrt(s / distance))


INTEGRALS = {
    **dict.fromkeys(
        (
            "arcs", "complex_chebyshev", "complex_primitive", "complex_dense", "complex_ensemble", "complex_bayesian",
        ),
        "bubble_physical",
    ),
    "complex_differential": "triangle_physical",
}  # fmt: skip

MAIN = """
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>
{includes}
int main(int, char** argv) {{
  const std::size_t n = std::strtoul(argv[2], nullptr, 10), m = std::strtoul(argv[3], nullptr, 10);
  std::vector<double> s(n * m);
  if (std::fread(s.data(), 8, n * m, stdin) != n * m) return 1;
{calls}
  return 2;
}}
"""

CALL = """  if (!std::strcmp(argv[1], "{name}")) {{
    std::vector<{type}> value(n), batch(n);
    for (std::size_t i = 0; i < n; i++) value[i] = {name}(&s[i * m]);
    {name}_batch(n, s.data(), batch.data());
    std::fwrite(value.data(), sizeof value[0], n, stdout);
    std::fwrite(batch.data(), sizeof value[0], n, stdout);
    {more}
    const double low[] = {{{low}}}, high[] = {{{high}}};
    {name}_checked(low), {name}_checked(high);
    for (std::size_t j = 0; j < m; j++) {{
      std::vector<double> outside(low, low + m);
      outside[j] = high[j] + 1;
      try {{ {name}_checked(outside.data()); return 3; }} catch (const std::out_of_range&) {{ }}
    }}
    return 0;
  }}"""

MORE = """std::vector<double> found(n * {width});
    {name}_{what}_batch(n, s.data(), found.data());
    std::fwrite(found.data(), 8, n * {width}, stdout);
    {single}"""


@functools.cache
def fitted(key: str):
    name, fields = FITS[key]
    registered = references.integral(INTEGRALS[key]) if key in INTEGRALS else product(2)
    return methods.create(name, **fields).fit(MADE[key]() if key in MADE else registered)


def points(key: str) -> np.ndarray:
    """Draw N points of the box, the last ones at a threshold in it."""
    s = fitted(key).integral_.sample(N, seed=5)
    if key == "crossing_chebyshev":
        s[-20:, 0] = 4 + np.outer((-1, 1), 10.0 ** -np.arange(1, 11)).ravel()
    return s


def loss(key: str, s: np.ndarray) -> np.ndarray:
    """How many times as far apart values may be close to a threshold in the box, where 1 − 4/s cancels."""
    return 1 + 0.2 / np.sqrt(np.abs(s[:, 0] / 4 - 1)) if key == "crossing_chebyshev" else np.ones(len(s))


def outputs(key: str) -> list[str]:
    return list(fitted(key).export_form().outputs)


@pytest.fixture(scope="session")
def program(tmp_path_factory) -> Path:
    """Compile all headers into one program, which the first of several workers does: fits are the same in all."""
    if shutil.which("g++") is None:
        pytest.skip("there is no g++")
    shared = tmp_path_factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else None
    folder = (shared or tmp_path_factory.mktemp("one_worker")) / "headers"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "main").exists():
            compile_headers(folder)
    return folder / "main"


def compile_headers(folder: Path) -> None:
    """Write and compile the program `main`; the headers do not disturb each other."""
    calls = []
    for key in FITS:
        export(fitted(key), "cpp", folder / f"{key}.hpp")
        integral = fitted(key).integral_
        m, is_complex = integral.m, integral.is_complex
        low, high = (", ".join(map(repr, map(float, end))) for end in (integral.low, integral.high))
        more = ""
        if "error" in outputs(key):
            more += MORE.format(name=key, what="error", width=1, single="")
        if "gradient" in outputs(key):
            single = f"{{ double one[{m}]; {key}_gradient(&s[0], one); std::fwrite(one, 8, m, stdout); }}"
            more += "{" + MORE.format(name=key, what="gradient", width=m, single=single) + "}"
        kind = "std::complex<double>" if is_complex else "double"
        calls.append(CALL.format(name=key, type=kind, more=more, low=low, high=high))
    includes = "\n".join(f'#include "{key}.hpp"' for key in FITS)
    (folder / "main.cpp").write_text(MAIN.format(includes=includes, calls="\n".join(calls)))
    subprocess.run(
        ["g++", "-std=c++17", "-O2", "-Wall", "-Werror", "main.cpp", "-o", "main"], cwd=folder, check=True, timeout=300
    )


def from_cpp(program: Path, key: str, s: np.ndarray) -> dict[str, np.ndarray]:
    command = [program, key, str(len(s)), str(s.shape[1])]
    found = np.frombuffer(subprocess.run(command, input=s.tobytes(), capture_output=True, check=True).stdout)
    n, width = len(s), 2 if fitted(key).integral_.is_complex else 1
    parts = {"value": found[: n * width], "batch": found[n * width : 2 * n * width]}
    if width == 2:
        parts = {name: part.view(np.complex128) for name, part in parts.items()}
    rest = found[2 * n * width :]
    if "error" in outputs(key):
        parts["error"], rest = rest[:n], rest[n:]
    if "gradient" in outputs(key):
        parts["gradient"], rest = rest[:-2].reshape(n, -1), rest[-2:]
        assert np.allclose(rest, parts["gradient"][0], rtol=1e-5)
    return parts


def from_python(path: Path, name: str):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


def from_onnx(path: Path, s: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"s": s}), strict=True))


def precision(key: str) -> str:
    """Give the precision in which values are computed: series of primitives are in float64 always."""
    return fitted(key).precision if "primitive" not in key else "float64"


def differences(key: str, found: dict[str, np.ndarray], s: np.ndarray) -> list[float]:
    """Relative differences of value and error over the loss, a tenth of that of the gradient to its largest entry."""
    method = fitted(key)
    estimate, allowed = method.integrate(s), loss(key, s)
    apart = [(np.abs(found["value"] / estimate.value - 1) / allowed).max()]
    if "batch" in found:
        apart.append((np.abs(found["batch"] / estimate.value - 1) / allowed).max())
    if "error" in found:
        apart.append((np.abs((found["error"] - estimate.error) / estimate.value) / allowed).max())
    if "gradient" in found:
        gradient = method.gradient(s)
        apart.append(0.1 * np.abs(found["gradient"] - gradient).max() / np.abs(gradient).max())
    return [float(value) for value in apart]


@pytest.mark.parametrize("key", FITS)
def test_headers_agree(key, program):
    s = points(key)
    apart = differences(key, from_cpp(program, key, s), s)
    assert np.max(apart) < TOLERANCE[precision(key)]


@pytest.mark.parametrize("key", FITS)
def test_python_files_agree(key, tmp_path):
    export(fitted(key), "python", tmp_path / f"{key}.py")
    s = points(key)
    apart = differences(key, from_python(tmp_path / f"{key}.py", key)(s), s)
    assert np.max(apart) < TOLERANCE[precision(key)]


@pytest.mark.parametrize("key", FITS)
def test_graphs_agree(key, tmp_path):
    export(fitted(key), "onnx", tmp_path / "model.onnx")
    s = points(key)
    found = from_onnx(tmp_path / "model.onnx", s)
    if found["value"].ndim == 2:
        found["value"] = found["value"][:, 0] + 1j * found["value"][:, 1]
    assert np.max(differences(key, found, s)) < TOLERANCE[precision(key)]


@pytest.mark.parametrize("key", FITS)
def test_headers_pass_a_nan_on(key, program):
    s = points(key)[:40]
    s[20, -1] = np.nan
    found = from_cpp(program, key, s)
    is_nan = np.arange(len(s)) == 20
    for part in ("value", "batch"):
        np.testing.assert_array_equal(np.isnan(found[part]), is_nan)


@pytest.mark.parametrize("key", ["chebyshev", "dense_mlp"])
def test_headers_keep_their_digits_where_sums_are_reordered_and_i_is_a_macro(key, tmp_path):
    if shutil.which("g++") is None:
        pytest.skip("there is no g++")
    export(fitted(key), "cpp", tmp_path / "table.hpp")
    (tmp_path / "main.cpp").write_text(
        '#include <complex.h>\n#include <cstdio>\n#include "table.hpp"\n'
        'int main() { double s[2]; while (std::fread(s, 8, 2, stdin) == 2) std::printf("%.17g\\n", table(s)); }\n'
    )
    options = ["-std=gnu++17", "-O3", "-ffast-math"]
    subprocess.run(["g++", *options, "main.cpp", "-o", "main"], cwd=tmp_path, check=True, timeout=300)
    s = points(key)[:100]
    said = subprocess.run([tmp_path / "main"], input=s.tobytes(), capture_output=True, check=True).stdout
    expected = fitted(key).integrate(s).value
    np.testing.assert_allclose(np.array(said.split(), float), expected, rtol=10 * TOLERANCE[precision(key)])


@pytest.mark.parametrize("key", ["chebyshev", "gauss_legendre", "differential_mlp", "complex_chebyshev"])
def test_a_header_says_at_its_top_which_functions_it_has(key, tmp_path):
    export(fitted(key), "cpp", tmp_path / "made.hpp")
    comment, _, code = (tmp_path / "made.hpp").read_text().partition("#pragma once")
    assert all(line.startswith("// ") for line in comment.splitlines())
    functions = set(re.findall(r"^inline .*?\b(made\w*)\(", code, flags=re.MULTILINE))
    assert {"made", "made_batch"} <= functions
    assert set(re.findall(r"\bmade\w*(?=\()", comment)) == functions
    kind = "std::complex<double>" if fitted(key).integral_.is_complex else "double"
    assert f" {kind} made(const double s[{fitted(key).integral_.m}]);" in comment


def test_agreement_can_fail(program, tmp_path):
    """A table whose coefficients are larger by 1e-12 of themselves is told apart."""
    table = fitted("chebyshev")
    other = methods.create("chebyshev", **FITS["chebyshev"][1]).fit(product(2))
    other.coefficients_ = table.coefficients_ * (1 + 1e-12)
    export(other, "python", tmp_path / "other.py")
    s = product(2).sample(N, seed=5)
    assert max(differences("chebyshev", from_python(tmp_path / "other.py", "other")(s), s)) > TOLERANCE["float64"]
    apart = differences("chebyshev", {"value": from_cpp(program, "total_degree", s)["value"]}, s)
    assert max(apart) > TOLERANCE["float64"]


# ----- guard rails ----------------------------------------------------------------------------------------------------


def test_outside_the_box_is_an_error_unless_asked_for(tmp_path):
    export(fitted("chebyshev"), "python", tmp_path / "table.py")
    table = from_python(tmp_path / "table.py", "table")
    outside = np.array([[0.9, 1.0]])
    with pytest.raises(ValueError, match="outside the box"):
        table(outside)
    assert np.isfinite(table(outside, allow_outside=True)["value"]).all()
    with pytest.raises(ValueError, match="shape"):
        table(np.ones((1, 3)))


@pytest.mark.parametrize("to", ["python", "onnx"])
@pytest.mark.parametrize("key", ["chebyshev", "deep_ensemble"])
def test_no_error_is_known_outside_the_box(key, to, tmp_path):
    s = np.array([[1.5, 1.5], [0.9, 1.5], [1.5, 2.1], [2.0, 1.0], [np.nan, 1.5]])
    export(fitted(key), to, tmp_path / "model")
    if to == "python":
        shutil.copy(tmp_path / "model", tmp_path / "model.py")
        found = from_python(tmp_path / "model.py", "model")(s, allow_outside=True)
    else:
        found = from_onnx(tmp_path / "model", s)
    np.testing.assert_array_equal(np.isnan(found["error"]), [False, True, True, False, True])
    np.testing.assert_array_equal(np.isnan(found["value"]), [False, False, False, False, True])


@pytest.mark.parametrize("key", ["dense_mlp", "differential_mlp", "complex_chebyshev"])
def test_python_files_take_many_points_in_bounded_memory(key, tmp_path):
    export(fitted(key), "python", tmp_path / "many.py")
    many = from_python(tmp_path / "many.py", "many")
    s = np.repeat(points(key)[:100], 2_000, axis=0)
    tracemalloc.start()
    try:
        found = many(s)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * sum(part.nbytes for part in [s, *found.values()]) + 5_000_000
    for name, part in many(s[::2_000]).items():
        np.testing.assert_allclose(found[name][::2_000], part, rtol=1e-5)
    assert {name: len(part) for name, part in many(s[:0]).items()} == dict.fromkeys(found, 0)


@pytest.mark.parametrize("to", ["cpp", "python"])
def test_files_say_what_they_are(to, tmp_path):
    method = methods.create("gauss_legendre", order=4).fit(product(1))
    method.measured_ = {"mean": 5.28, "worst": 4.5, "points": 1000, "integral": method.integral_.fingerprint()}
    export(method, to, tmp_path / "rule.txt")
    text = (tmp_path / "rule.txt").read_text()
    version = f"gauss_legendre, version {method.version}"
    for part in ("product1", version, "s1 in [1.0, 2.0]", "5.2 on average, 4.5 at worst of 1000", "Written by"):
        assert part in text


def test_loading_needs_nothing_else(tmp_path):
    for key in ("chebyshev", "arcs"):
        method = fitted(key)
        method.save(tmp_path / "model")
        loaded = methods.load(tmp_path / "model")
        s = method.integral_.sample(100, seed=1)
        assert loaded.integral_.fingerprint() == method.integral_.fingerprint()
        np.testing.assert_allclose(loaded.integrate(s).value, method.integrate(s).value, rtol=1e-13)


def test_measured_digits_are_carried(tmp_path):
    method = methods.create("gauss_legendre", order=4).fit(product(1))
    method.measured_ = {"mean": 5.25, "worst": 4.5, "points": 1000, "integral": method.integral_.fingerprint()}
    method.save(tmp_path / "model")
    assert methods.load(tmp_path / "model").measured_ == method.measured_


def test_digits_measured_of_an_earlier_fit_are_not_carried(tmp_path):
    method = methods.create("gauss_legendre", order=4).fit(product(1))
    method.measured_ = {"mean": 5.25, "worst": 4.5, "points": 1000, "integral": method.integral_.fingerprint()}
    method.fit(product(1)).save(tmp_path / "model")
    assert methods.load(tmp_path / "model").measured_ is None
    export(method, "python", tmp_path / "rule.py")
    assert "Digits: not measured." in (tmp_path / "rule.py").read_text()


def test_a_python_function_must_be_given(tmp_path):
    methods.create("gauss_legendre", order=4).fit(plain(1)).save(tmp_path / "model")
    with pytest.raises(StorageError, match="no formula"):
        methods.load(tmp_path / "model")
    assert methods.load(tmp_path / "model", plain(1)).integral_.name == "plain1"


def test_a_changed_integral_is_refused(tmp_path):
    fitted("chebyshev").save(tmp_path / "model")
    changed = dataclasses.replace(product(2), high=(2.0, 3.0))
    with pytest.raises(StorageError, match=r"holds the integral product2 \[\w+\], but another product2 \["):
        methods.load(tmp_path / "model", changed)


def test_the_complex_conjugate_is_refused(tmp_path):
    made = {"name": "half_bubble", "variables": ["x"], "parameters": ["s"], "low": [5], "high": [30]}
    one, other = (
        ParametricIntegral.from_expression(**made, expression=f"{sign}4/F", definitions={"F": f}, prescription="F")
        for sign, f in (("", "4 - s*x*(2 - x)"), ("-", "s*x*(2 - x) - 4"))
    )
    assert one.fingerprint() == other.fingerprint()
    methods.create("lattice_qmc").fit(one).save(tmp_path / "model")
    assert methods.load(tmp_path / "model", one).integral_ is one
    with pytest.raises(StorageError, match="complex conjugate"):
        methods.load(tmp_path / "model", other)
