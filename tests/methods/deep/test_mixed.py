"""The mixed derivative and the corner sum: against exact formulas, nested autograd, and properties.

Tests that take `path` run twice: by compiled kernels, and by plain torch.
"""

from __future__ import annotations

import copy
import gc
import subprocess
import sys
import threading

import mpmath
import numpy as np
import pytest
import torch
from compilers import needs_compiler
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from methods.deep import cpu_derivative, cpu_kernels
from methods.deep.activations import ACTIVATIONS, Tanh
from methods.deep.network import PrimitiveNetwork, corner_sum, mixed_partial

SMOOTH = [name for name in ACTIVATIONS if not name.startswith(("relu", "polylog"))]
FAMILIES = ["polylog2", "polylog3", "polylog8", "relu1", "relu2", "relu4"]


@pytest.fixture(params=["torch", pytest.param("kernels", marks=needs_compiler)])
def path(request, monkeypatch):
    if request.param == "torch":
        monkeypatch.setattr(cpu_derivative, "serves", lambda network, inputs: False)
    return request.param


@pytest.fixture(params=[1, 50, 2**17])
def chunk(request, monkeypatch):
    """Set the chunks of the kernels: one tile each, a few, or all in one."""
    monkeypatch.setattr(cpu_derivative, "CHUNK", request.param)


def network_of(
    k: int, m: int = 2, width: int = 7, depth: int = 3, activation: str = "tanh", dtype: torch.dtype = torch.float64
) -> PrimitiveNetwork:
    generator = torch.Generator().manual_seed(k)
    return PrimitiveNetwork(k, m, width, depth, activation, dtype, gain=1.5, generator=generator)


def points(k: int, n: int = 5, m: int = 2, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(17)
    return tuple(torch.rand(n, width, generator=generator, dtype=torch.float64).to(dtype) for width in (m, k))


def nested_autograd(network: PrimitiveNetwork, s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    x = x.clone().requires_grad_()
    derivative = network(s, x)
    for i in range(network.k):
        derivative = torch.autograd.grad(derivative.sum(), x, create_graph=True)[0][:, i]
    return derivative


def gradients_of(network: PrimitiveNetwork, values: torch.Tensor) -> list[torch.Tensor]:
    """Return the gradients in all weights of a sum with different factors for each point."""
    factors = torch.linspace(0.5, 1.5, len(values), dtype=values.dtype)
    of = torch.autograd.grad((values * factors).sum(), list(network.parameters()), allow_unused=True)
    return [torch.zeros_like(w) if g is None else g for w, g in zip(network.parameters(), of, strict=True)]


def assert_near(actual: torch.Tensor, expected: torch.Tensor, tolerance: float) -> None:
    __tracebackhide__ = True
    assert actual.shape == expected.shape
    assert (actual - expected).abs().max() <= tolerance * expected.abs().max()


# ----- values and gradients -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", SMOOTH + FAMILIES)
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6])
def test_plain_torch_equals_nested_autograd(k, activation, monkeypatch):
    monkeypatch.setattr(cpu_derivative, "serves", lambda network, inputs: False)
    network, (s, x) = network_of(k, activation=activation), points(k)
    expected, actual = nested_autograd(network, s, x), mixed_partial(network, s, x)
    assert_near(actual, expected, 1e-12)


@needs_compiler
@pytest.mark.parametrize("activation", SMOOTH + FAMILIES)
@pytest.mark.parametrize("k", [3, 6])
def test_kernels_equal_nested_autograd_with_gradients(k, activation):
    network, (s, x) = network_of(k, activation=activation), points(k, n=11)
    expected, actual = nested_autograd(network, s, x), mixed_partial(network, s, x)
    assert cpu_derivative.serves(network, torch.cat([x, s], dim=1))
    assert_near(actual, expected, 1e-12)
    for ours, theirs in zip(gradients_of(network, actual), gradients_of(network, expected), strict=True):
        assert_near(ours, theirs, 1e-11)


@needs_compiler
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 3e-4)])
@pytest.mark.parametrize("k", range(1, 9))
def test_kernels_equal_plain_torch_for_all_k(k, dtype, tolerance, monkeypatch):
    network, (s, x) = network_of(k, width=10, dtype=dtype), points(k, n=9, dtype=dtype)
    actual = mixed_partial(network, s, x)
    ours = gradients_of(network, actual)
    monkeypatch.setattr(cpu_derivative, "serves", lambda network, inputs: False)
    expected = mixed_partial(network, s, x)
    assert_near(actual, expected, tolerance)
    for mine, theirs in zip(ours, gradients_of(network, expected), strict=True):
        assert_near(mine, theirs, tolerance)


@pytest.mark.parametrize("n", [0, 1, 17, 100])
@pytest.mark.parametrize(("width", "depth"), [(1, 2), (7, 1), (7, 2), (8, 5), (16, 3), (33, 2)])
def test_any_shape(width, depth, n, path, chunk):
    network, (s, x) = network_of(3, width=width, depth=depth), points(3, n=n)
    actual = mixed_partial(network, s, x)
    assert actual.shape == corner_sum(network, s).shape == (n,)
    if n:
        expected = nested_autograd(network, s, x)
        assert_near(actual, expected, 1e-12)
        for ours, theirs in zip(gradients_of(network, actual), gradients_of(network, expected), strict=True):
            assert_near(ours, theirs, 1e-11)


def test_one_neuron_by_hand(path):
    network = network_of(2, width=1, depth=1)
    w1, w2, *_ = network.first.weight[0]
    s, x = points(2)
    y = torch.tanh(network.first(torch.cat([x, s], dim=1)))[:, 0]
    second_derivative = -2 * y * (1 - y**2)
    torch.testing.assert_close(mixed_partial(network, s, x), network.last.weight[0, 0] * w1 * w2 * second_derivative)


@pytest.mark.parametrize("k", [1, 4, 8])
def test_two_neurons_in_a_row_against_mpmath(k, path):
    """As the weights of all x_i are equal, this is the k-th derivative in x1 + … + xk, by mpmath's differences."""
    network, (s, x) = network_of(k, width=1, depth=2), points(k, n=2)
    with torch.no_grad():
        network.first.weight[:, :k] = 0.75
        network.first.bias += 0.25
    (layer,) = network.layers()
    a, c, d = layer.weight.item(), layer.bias.item(), network.last.weight.item()
    rest = (network.first(torch.cat([x, s], dim=1))[:, 0] - 0.75 * x.sum(dim=1)).tolist()
    with mpmath.workdps(60):
        expected = [
            float(d * mpmath.diff(lambda u, r=r: mpmath.tanh(a * mpmath.tanh(0.75 * u + r) + c), total, k))
            for r, total in zip(rest, x.sum(dim=1).tolist(), strict=True)
        ]
    assert_near(mixed_partial(network, s, x).detach(), torch.tensor(expected, dtype=torch.float64), 1e-12)


def test_gradcheck(path):
    network, (s, x) = network_of(2, width=3, depth=3), points(2, n=2)
    names = [name for name, _ in network.named_parameters()][:-1]

    def derivative(*given):
        for name, tensor in zip(names, given, strict=True):
            owner, _, attribute = name.rpartition(".")
            delattr(network.get_submodule(owner), attribute)
            setattr(network.get_submodule(owner), attribute, tensor)
        return mixed_partial(network, s, x)

    weights = [network.get_parameter(name).detach().requires_grad_() for name in names]
    weights = [torch.nn.Parameter(weight) for weight in weights]
    assert torch.autograd.gradcheck(lambda *given: derivative(*given), weights)


@pytest.mark.parametrize("wrong", ["first", "third"])
@pytest.mark.parametrize("by", ["torch", pytest.param("kernels", marks=needs_compiler)])
def test_a_wrong_derivative_rule_is_noticed(by, wrong, monkeypatch):
    class Wrong(Tanh):
        name = f"tanh with a wrong {wrong} derivative"

        def tower(self, z, base, order):
            index = {"first": 1, "third": 3}[wrong]
            return [0.99 * d if j == index else d for j, d in enumerate(super().tower(z, base, order))]

    if by == "torch":
        monkeypatch.setattr(cpu_derivative, "serves", lambda network, inputs: False)
    monkeypatch.setitem(ACTIVATIONS, "wrong", Wrong())
    network, (s, x) = network_of(3, activation="wrong"), points(3)
    assert not torch.allclose(mixed_partial(network, s, x), nested_autograd(network, s, x), rtol=1e-3)


# ----- properties ---------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(k=st.integers(1, 4), factor=st.floats(-3, 3), seed=st.integers(0, 10**6))
def test_linear_in_the_last_layer(path, k, factor, seed):
    network, (s, x) = network_of(k), points(k)
    before = mixed_partial(network, s, x)
    other = torch.randn(network.last.weight.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    with torch.no_grad():
        original = network.last.weight.clone()
        network.last.weight.copy_(other)
        alone = mixed_partial(network, s, x)
        network.last.weight.copy_(original + factor * other)
    assert_near(mixed_partial(network, s, x), before + factor * alone, 1e-12 * (2 + abs(factor)) * 10)


def test_zero_where_the_network_ignores_a_variable(path):
    network, (s, x) = network_of(3), points(3)
    with torch.no_grad():
        network.first.weight[:, 1] = 0
    assert (mixed_partial(network, s, x) == 0).all()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(4)))
def test_permuting_the_variables_permutes_nothing(path, order):
    network, (s, x) = network_of(4), points(4)
    expected = mixed_partial(network, s, x)
    with torch.no_grad():
        network.first.weight[:, :4] = network.first.weight[:, :4][:, order].clone()
    assert_near(mixed_partial(network, s, x[:, order]), expected, 1e-12)


def test_each_point_by_itself(path):
    network, (s, x) = network_of(3), points(3, n=20)
    whole = mixed_partial(network, s, x)
    alone = torch.cat([mixed_partial(network, s[i : i + 1], x[i : i + 1]) for i in range(20)])
    assert_near(alone, whole, 1e-13)


# ----- inputs, memory and machines ----------------------------------------------------------------------------------


def test_non_contiguous_inputs_and_weights(path):
    network, (s, x) = network_of(3), points(3)
    expected = mixed_partial(network, s, x)
    network.first.weight = torch.nn.Parameter(network.first.weight.detach().T.contiguous().T)
    spread = torch.zeros(5, 6, dtype=torch.float64)
    spread[:, ::2] = x
    given = spread[:, ::2], s.T.contiguous().T
    before = [tensor.clone() for tensor in given]
    assert_near(mixed_partial(network, given[1], given[0]), expected, 1e-13)
    assert all(torch.equal(a, b) for a, b in zip(given, before, strict=True))


def test_gradients_in_s_and_x_where_wanted():
    network, (s, x) = network_of(2), points(2)
    s.requires_grad_(), x.requires_grad_()
    (actual,) = torch.autograd.grad(mixed_partial(network, s, x).sum(), x, create_graph=True)
    derivative = network(s, x)
    for i in range(2):
        derivative = torch.autograd.grad(derivative.sum(), x, create_graph=True)[0][:, i]
    (expected,) = torch.autograd.grad(derivative.sum(), x, create_graph=True)
    assert_near(actual, expected, 1e-12)


def test_two_forwards_before_a_backward(path, chunk):
    network, (s, x) = network_of(3), points(3, n=40)
    expected = gradients_of(network, nested_autograd(network, s, x))
    first = mixed_partial(network, s, x)
    second = mixed_partial(network, s + 1, x)
    gradients_of(network, second)
    for ours, theirs in zip(gradients_of(network, first), expected, strict=True):
        assert_near(ours, theirs, 1e-11)


def test_backward_twice(path, chunk):
    network, (s, x) = network_of(3), points(3, n=40)
    value = mixed_partial(network, s, x).square().sum()
    weights = list(network.parameters())[:-1]
    once = torch.autograd.grad(value, weights, retain_graph=True)
    mixed_partial(network, s + 1, x).sum().backward()
    again = torch.autograd.grad(value, weights)
    assert all(torch.equal(a, b) for a, b in zip(once, again, strict=True))


@needs_compiler
def test_weights_changed_before_backward_are_noticed():
    network, (s, x) = network_of(3), points(3)
    value = mixed_partial(network, s, x).sum()
    with torch.no_grad():
        network.hidden[0].weight += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        value.backward()


def test_second_derivatives_in_the_weights(path):
    network, (s, x) = network_of(2), points(2)
    weights = list(network.parameters())[:-1]
    results = []
    for derivative in (mixed_partial(network, s, x), nested_autograd(network, s, x)):
        first = torch.autograd.grad(derivative.square().sum(), weights, create_graph=True)
        results.append(torch.autograd.grad(sum(g.square().sum() for g in first), weights))
    for ours, theirs in zip(*results, strict=True):
        assert_near(ours, theirs, 1e-11)


@needs_compiler
def test_memory_is_used_again():
    network, (s, x) = network_of(3), points(3, n=40)
    for _ in range(5):
        mixed_partial(network, s, x).sum().backward()
    held = [tensor.data_ptr() for free in network.memory.free.values() for tensor in free]
    assert len(held) == len(network.hidden) + 3  # z of each layer, and three that are passed on
    mixed_partial(network, s, x).sum().backward()
    assert sorted(held) == sorted(t.data_ptr() for free in network.memory.free.values() for t in free)
    for n in range(41, 60):  # memory of other batches is not kept
        mixed_partial(network, *points(3, n=n)).sum().backward()
    assert sum(len(free) for free in network.memory.free.values()) == len(held)


def test_deepcopy_and_state(path):
    network, (s, x) = network_of(3), points(3)
    expected = mixed_partial(network, s, x)
    twin = copy.deepcopy(network)
    with torch.no_grad():
        network.last.weight.zero_()
    assert torch.equal(mixed_partial(twin, s, x), expected)
    assert sorted(twin.state_dict()) == sorted(name for name, _ in twin.named_parameters())


def test_threads_of_one_network(path):
    network, (s, x) = network_of(3), points(3, n=40)
    expected = gradients_of(network, mixed_partial(network, s, x))
    problems = []

    def work():
        for _ in range(10):
            for ours, theirs in zip(gradients_of(network, mixed_partial(network, s, x)), expected, strict=True):
                if (ours - theirs).abs().max() > 1e-12 * theirs.abs().max():
                    problems.append("wrong")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


@needs_compiler
def test_number_of_threads_does_not_matter():
    network, (s, x) = network_of(3), points(3, n=40)
    before = torch.get_num_threads()
    results = []
    try:
        for n in (1, 2, 3):
            torch.set_num_threads(n)
            value = mixed_partial(network, s, x)
            results.append([value.detach(), *gradients_of(network, value)])
    finally:
        torch.set_num_threads(before)
    for result in results[1:]:
        for ours, theirs in zip(result, results[0], strict=True):
            assert_near(ours, theirs, 1e-13)


@pytest.mark.parametrize("broken", ["no compiler", "compiler fails", "cache is a file"])
def test_without_kernels_plain_torch_computes(broken, monkeypatch, tmp_path):
    network, (s, x) = network_of(2), points(2)
    expected = nested_autograd(network, s, x)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LOOPMARK_CACHE", str(tmp_path / "file" if broken == "cache is a file" else tmp_path / "cache"))
    command = {"no compiler": "no-such-compiler", "compiler fails": "false"}
    if broken in command:
        monkeypatch.setenv("CXX", command[broken])
    monkeypatch.setattr(cpu_kernels, "kernels", cpu_kernels.kernels.__wrapped__)
    assert not cpu_derivative.serves(network, torch.cat([x, s], dim=1))
    assert_near(mixed_partial(network, s, x), expected, 1e-12)
    kept = tmp_path / "cache" / "kernels"
    assert not kept.exists() or not list(kept.iterdir())


@needs_compiler
def test_compiling_happens_once(monkeypatch, tmp_path):
    monkeypatch.setenv("LOOPMARK_CACHE", str(tmp_path))
    assert cpu_kernels.kernels.__wrapped__(8, torch.float32, ACTIVATIONS["gelu"]) is not None
    (library,) = (tmp_path / "kernels").glob("*.so")
    written = library.stat().st_mtime_ns
    assert cpu_kernels.kernels.__wrapped__(8, torch.float32, ACTIVATIONS["gelu"]) is not None
    assert library.stat().st_mtime_ns == written


def test_an_evaluation_without_kernels_fails_and_leaves_nothing_to_clean_up(monkeypatch):
    """An error in `__del__` is printed and ignored, which pytest makes a warning, and so an error here."""
    monkeypatch.setattr(cpu_kernels, "kernels", lambda *_: None)
    with pytest.raises(RuntimeError, match="no compiled kernels"):
        cpu_derivative.Evaluation(network_of(2), torch.cat(points(2)[::-1], dim=1))
    gc.collect()


@needs_compiler
def test_loading_a_library_leaves_small_numbers_alone(tmp_path, monkeypatch):
    """With -ffast-math a shared object makes its process flush them to zero."""
    script = (
        "import torch\nfrom methods.deep.network import PrimitiveNetwork, mixed_partial\n"
        "network = PrimitiveNetwork(1, 1, 4, 2)\nmixed_partial(network, torch.rand(3, 1), torch.rand(3, 1))\n"
        "print(torch.tensor(1e-40) * 0.5 > 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "tensor(True)\n"


def test_corner_sum_integrates_the_mixed_partial(path):
    """JHEP eq. 2.2-2.3, by a Gauss rule fine enough for a smooth network."""
    network, (s, _) = network_of(2, width=4), points(2, n=1)
    nodes, weights = np.polynomial.legendre.leggauss(24)
    axis, factor = torch.tensor((nodes + 1) / 2), torch.tensor(weights / 2)
    x = torch.cartesian_prod(axis, axis)
    f = mixed_partial(network, s.expand(len(x), -1), x)
    torch.testing.assert_close(corner_sum(network, s)[0], f @ torch.outer(factor, factor).flatten(), rtol=1e-10, atol=0)


# ----- arguments ----------------------------------------------------------------------------------------------------


def test_bad_arguments():
    with pytest.raises(ValueError, match="at least one Feynman parameter, got k = 0"):
        PrimitiveNetwork(0, 2, 4, 2)
    with pytest.raises(ValueError, match="a neuron and a layer at least, got width = 4, depth = 0"):
        PrimitiveNetwork(1, 2, 4, 0)
    with pytest.raises(ValueError, match="activation 'rule'"):
        PrimitiveNetwork(1, 2, 4, 2, "rule")
