"""Activations against mpmath and autograd, and the recorder that turns their rules into straight-line code."""

from __future__ import annotations

import math
import shutil
import subprocess

import mpmath as mp
import numpy as np
import pytest
import torch

from methods.base import InputError
from methods.deep.activations import ACTIVATIONS, Activation, Tanh, activation, polylog
from methods.deep.straight_line import StraightLine, record

ORDER = 9
POINTS = (-9.5, -4.4, -1.7, -0.6, 0.0, 0.3, 1.6, 2.9, 5.1, 8.1)
NOT_SMOOTH_AT_0 = ("softsign", *(f"relu{n}" for n in range(10)))


def exact_polylog(n: int, z: float) -> float:
    with mp.workdps(30):
        return float(-mp.re(mp.polylog(n, -mp.exp(mp.mpf(z)))))


EXACT = {
    "tanh": mp.tanh,
    "sigmoid": lambda z: 1 / (1 + mp.exp(-z)),
    "gelu": lambda z: z * mp.erfc(-z / mp.sqrt(2)) / 2,
    "gelu_tanh": lambda z: z / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (z + mp.mpf("0.044715") * z**3))),
    "softsign": lambda z: z / (1 + abs(z)),
    "softplus": lambda z: mp.log(1 + mp.exp(z)),
    "sin": mp.sin,
    **{f"relu{n}": lambda z, n=n: z ** (n + 1) / mp.factorial(n + 1) if z > 0 else 0 * z for n in range(10)},
}
"""Definitions, but for polylog n, from which mpmath gets derivatives by differences at 60 digits."""

TORCH = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": torch.nn.functional.gelu,
    "gelu_tanh": lambda z: torch.nn.functional.gelu(z, approximate="tanh"),
    "softsign": torch.nn.functional.softsign,
    "softplus": lambda z: torch.nn.functional.softplus(z, threshold=40),
    "sin": torch.sin,
    "relu0": torch.relu,
}


def points_of(name: str) -> list[float]:
    return [z for z in POINTS if z != 0 or name not in NOT_SMOOTH_AT_0]


def exact_tower(name: str, points: list[float]) -> np.ndarray:
    """Return the derivatives 0 … ORDER (rows) at points, which are floats that mean themselves."""
    if name.startswith("polylog"):  # mpmath's differences of it take a minute; orders below 0 are derivatives of σ
        n = int(name.removeprefix("polylog"))
        return np.array([[exact_polylog(n - j, z) for z in points] for j in range(ORDER + 1)])
    with mp.workdps(60):
        series = [mp.taylor(EXACT[name], mp.mpf(z), ORDER) for z in points]
        return np.array([[float(c * mp.factorial(j)) for j, c in enumerate(taylor)] for taylor in series]).T


def tower_error(entry: Activation, name: str, dtype: torch.dtype) -> float:
    """Return the largest error of a derivative, relative to its own size or its largest among |z| < 3."""
    z = torch.tensor(points_of(name), dtype=dtype)
    expected = exact_tower(name, z.tolist())
    tower = entry.tower(z, entry.base(z), ORDER)
    assert [(d.shape, d.dtype) for d in tower] == [(z.shape, dtype)] * (ORDER + 1)
    scale = np.abs(expected[:, z.abs().numpy() < 3]).max(axis=1, keepdims=True)
    errors = np.abs(torch.stack(tower).double().numpy() - expected)
    # Derivatives of relu n beyond n + 1 are exactly 0: there any error counts in full.
    scale[scale == 0] = 1
    return float((errors / np.maximum(np.abs(expected), scale)).max())


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_tower_equals_derivatives_by_mpmath(name):
    assert tower_error(activation(name), name, torch.float64) < 5e-14


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "gelu", "gelu_tanh", "softsign", "softplus", "sin", "polylog4"])
def test_float32_tower_keeps_float32_accuracy(name):
    assert 1e-9 < tower_error(activation(name), name, torch.float32) < 1e-5


def test_a_wrong_rule_is_noticed():
    class Wrong(Tanh):
        def tower(self, z, base, order):
            d = super().tower(z, base, order)
            return [*d[:3], d[3] * (1 + 1e-12), *d[4:]]

    assert tower_error(Tanh(), "tanh", torch.float64) < 5e-14 < 5e-13 < tower_error(Wrong(), "tanh", torch.float64)


def test_definitions_cover_every_activation():
    assert {*EXACT, *(f"polylog{n}" for n in range(10))} == set(ACTIVATIONS)
    assert all(entry.name == name for name, entry in ACTIVATIONS.items())


@pytest.mark.parametrize("name", TORCH)
def test_value_is_that_of_torch(name):
    z = torch.linspace(-6, 6, 25, dtype=torch.float64).reshape(5, 5).T
    torch.testing.assert_close(activation(name)(z), TORCH[name](z), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_tower_equals_nested_autograd(name):
    z = torch.linspace(-3, 3, 20, dtype=torch.float64).requires_grad_()
    entry = activation(name)
    tower = entry.tower(z.detach(), entry.base(z.detach()), 6)
    derivative = entry(z)
    for expected in tower:
        assert (derivative - expected).abs().max() <= 1e-12 * expected.abs().max()
        if not derivative.requires_grad:
            # autograd ends where a relu has become a step: its derivative is 0
            assert name.startswith("relu")
            break
        derivative = torch.autograd.grad(derivative.sum(), z, create_graph=True)[0]


@pytest.mark.parametrize(("dtype", "largest"), [(torch.float64, 1e4), (torch.float32, 80.0)])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nothing_overflows(name, dtype, largest):
    sizes = np.geomspace(1e-3, largest, 60)
    z = torch.tensor([*-sizes, 0.0, *sizes], dtype=dtype)
    entry = activation(name)
    base = entry.base(z)
    assert len(base) == entry.n_base
    for value in (*base, *entry.tower(z, base, ORDER), entry(z)):
        assert value.isfinite().all()


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("order", [0, 1, 2, 3, ORDER])
def test_a_short_tower_needs_few_base_values(name, order):
    entry, z = activation(name), torch.tensor([-1.3, 0.0, 0.4], dtype=torch.float64)
    few = entry.base(z, order)
    assert len(few) <= order + 1
    short, long = entry.tower(z, few, order), entry.tower(z, entry.base(z), ORDER)
    assert len(short) == order + 1
    torch.testing.assert_close(short, long[: order + 1], rtol=1e-15, atol=0)


def test_at_zero_kinks_take_the_value_that_torch_gives_them():
    z = torch.zeros(1, dtype=torch.float64)
    assert [d.item() for d in activation("relu0").tower(z, activation("relu0").base(z), 2)] == [0, 0, 0]
    assert [d.item() for d in activation("softsign").tower(z, activation("softsign").base(z), 2)] == [0, 1, 0]


def test_unknown_name_gives_the_known_ones():
    with pytest.raises(InputError, match=r"There is no activation 'tahn'; known: .*gelu.*\. Did you mean 'tanh'\?"):
        activation("tahn")


# ----- polylogarithms ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(2, 10))
def test_polylog_equals_mpmath(n):
    z = torch.tensor([-40, -7, -2, -1, -0.3, -1e-9, 0, 1e-9, 0.3, 1, 2, 7, 40], dtype=torch.float64)
    expected = torch.tensor([exact_polylog(n, x) for x in z.tolist()], dtype=torch.float64)
    torch.testing.assert_close(polylog(z, n), expected, rtol=1e-14, atol=0)
    torch.testing.assert_close(polylog(z.float(), n), expected.float(), rtol=1e-6, atol=0)


@pytest.mark.parametrize("n", range(1, 10))
def test_polylog_family_is_a_chain_of_derivatives(n):
    z, h = torch.tensor([-5, -1, -0.2, 0, 0.2, 1, 5], dtype=torch.float64), 1e-4
    slope = (polylog(z + h, n) - polylog(z - h, n)) / (2 * h)
    torch.testing.assert_close(slope, polylog(z, n - 1), rtol=1e-8, atol=0)


def test_polylog_at_zero_is_eta():
    assert polylog(torch.zeros(1, dtype=torch.float64), 2).item() == pytest.approx(math.pi**2 / 12, rel=2e-15)


def test_polylog_can_be_vectorised_and_differentiated_by_torch_func():
    z = torch.linspace(-2, 2, 5, dtype=torch.float64)
    slopes = torch.func.vmap(torch.func.grad(activation("polylog3")))(z)
    torch.testing.assert_close(slopes, polylog(z, 2), rtol=1e-14, atol=0)


# ----- straight-line code -----------------------------------------------------------------------------------------


def names_of(entry: Activation) -> list[str]:
    return ["z", *(f"b{i}" for i in range(entry.n_base))]


def recorded(entry: Activation, order: int) -> StraightLine:
    return record(lambda z, *base: entry.tower(z, base, order), names_of(entry))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_recorded_python_gives_the_tower(name):
    entry, z = activation(name), torch.linspace(-3, 3, 12, dtype=torch.float64)
    base = entry.base(z)
    variables = dict(zip(names_of(entry), (value.numpy() for value in (z, *base)), strict=True))
    exec(recorded(entry, ORDER).python(), variables)
    for j, expected in enumerate(entry.tower(z, base, ORDER)):
        np.testing.assert_allclose(variables[f"d{j}"], expected.numpy(), rtol=1e-14, atol=0)


def test_recording_keeps_what_is_needed_once():
    code = record(lambda x, y: [x * y + y * x, 0 + 1 * x, 0 * y + 3, -1 * (0 - y), (x - 0) ** 5], ("x", "y"))
    assert code.python().splitlines() == [
        "v0 = x * y",
        "v1 = v0 + v0",
        "v2 = - y",
        "v3 = - v2",
        "v4 = x * x",
        "v5 = v4 * v4",
        "v6 = v5 * x",
        *("d0 = v1", "d1 = x", "d2 = 3.0", "d3 = v3", "d4 = v6"),
    ]
    assert record(lambda x: [x, 2 - x * 3][:1], ("x",)).lines == []


@pytest.mark.parametrize("value", [-2, -1, 0, 1, 3.5])
def test_recording_means_what_the_operators_mean(value):
    def function(x, y):
        return [x + value, value + x, x - value, value - x, x * value, value * x, -x, x - y, y**3, 2 - (x - y) * value]

    variables = {"x": 1.25, "y": -0.75}
    expected = function(1.25, -0.75)
    exec(record(function, ("x", "y")).python("r"), variables)
    assert [variables[f"r{i}"] for i in range(len(expected))] == expected


CPP = """
#include <cstdio>
typedef {scalar} Vector __attribute__((vector_size(2 * sizeof({scalar}))));
int main() {{
{blocks}
}}
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
@pytest.mark.parametrize(("scalar", "rtol"), [("double", 1e-13), ("float", 1e-5)])
def test_cpp_gives_the_tower(tmp_path, scalar, rtol):
    z, blocks, expected = torch.tensor([-1.3, 0.4], dtype=torch.float64), [], []
    for name in ("tanh", "gelu", "gelu_tanh", "sin", "relu1", "polylog2"):
        entry = activation(name)
        base = entry.base(z)
        lines = [
            f"const Vector {variable} = {{{scalar}({values[0]}), {scalar}({values[1]})}};"
            for variable, values in zip(names_of(entry), (value.tolist() for value in (z, *base)), strict=True)
        ]
        lines.append(recorded(entry, 6).cpp("Vector", scalar))
        lines += [f'std::printf("%.17g %.17g\\n", double(d{j}[0]), double(d{j}[1]));' for j in range(7)]
        blocks.append("{" + "\n".join(lines) + "}")
        expected += [d.tolist() for d in entry.tower(z, base, 6)]
    source, program = tmp_path / "towers.cpp", tmp_path / "towers"
    source.write_text(CPP.format(scalar=scalar, blocks="\n".join(blocks)))
    subprocess.run(["g++", "-Wall", "-Wno-unused-variable", "-Werror", source, "-o", program], check=True, timeout=60)
    printed = subprocess.run([program], capture_output=True, text=True, check=True, timeout=10).stdout
    values = [[float(word) for word in line.split()] for line in printed.splitlines()]
    np.testing.assert_allclose(values, expected, rtol=rtol, atol=rtol)
