"""The Triton kernels of the mixed derivative: interpreted on a CPU, compiled for a GPU that is not there, and on one.

Triton decides whether it interprets when a kernel is defined; `interpreted` says so for one test, and no longer.
"""

from __future__ import annotations

import importlib.util
import sys

import pytest
import torch

from methods.deep import cpu_derivative, gpu_derivative, nilpotent
from methods.deep.activations import ACTIVATIONS, Tanh
from methods.deep.network import PrimitiveNetwork, mixed_partial

needs_triton = pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")

TOLERANCES = {torch.float64: 1e-13, torch.float32: 3e-4}


@pytest.fixture
def interpreted(monkeypatch):
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    gpu_derivative.kernels.cache_clear()
    yield
    gpu_derivative.kernels.cache_clear()


def network_of(
    k: int, width: int = 7, depth: int = 3, activation: str = "tanh", dtype: torch.dtype = torch.float64
) -> PrimitiveNetwork:
    generator = torch.Generator().manual_seed(k)
    network = PrimitiveNetwork(k, 2, width, depth, activation, dtype, gain=1.5, generator=generator)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if name.endswith("bias"):
                weight.uniform_(-1, 1, generator=generator)
    return network


def points(k: int, n: int = 23, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(17)
    return tuple(torch.rand(n, width, generator=generator, dtype=torch.float64).to(dtype) for width in (2, k))


def plain(network: PrimitiveNetwork, s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    inputs = torch.cat([x, s], dim=1)
    return nilpotent.mixed_partial(network.activation, network.k, inputs, *cpu_derivative.weights(network))


def with_gradients(network: PrimitiveNetwork, values: torch.Tensor) -> list[torch.Tensor]:
    """Return values, and the gradients in all weights of their sum with different factors."""
    factors = torch.linspace(0.5, 1.5, len(values), dtype=values.dtype, device=values.device)
    return [values, *torch.autograd.grad((values * factors).sum(), list(network.parameters())[:-1])]


def assert_near(actual: list[torch.Tensor], expected: list[torch.Tensor], tolerance: float) -> None:
    __tracebackhide__ = True
    for ours, theirs in zip(actual, expected, strict=True):
        assert ours.shape == theirs.shape
        assert (ours - theirs).abs().max() <= tolerance * theirs.abs().max()


def assert_kernels_equal_plain_torch(network: PrimitiveNetwork, s: torch.Tensor, x: torch.Tensor) -> None:
    __tracebackhide__ = True
    assert gpu_derivative.serves(network, torch.cat([x, s], dim=1))
    actual, expected = mixed_partial(network, s, x), plain(network, s, x)
    assert type(actual.grad_fn) is not type(expected.grad_fn)  # else both would be plain torch
    assert_near(with_gradients(network, actual), with_gradients(network, expected), TOLERANCES[s.dtype])


# ----- interpreted ----------------------------------------------------------------------------------------------------


@needs_triton
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation, interpreted):
    assert_kernels_equal_plain_torch(network_of(3, activation=activation), *points(3))


@pytest.mark.slow
@needs_triton
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("k", range(1, gpu_derivative.MAX_K + 1))
def test_every_k_and_dtype(k, dtype, interpreted):
    assert_kernels_equal_plain_torch(network_of(k, activation="gelu_tanh", dtype=dtype), *points(k, 5, dtype))


@pytest.mark.slow
@needs_triton
@pytest.mark.parametrize("n", [1, 17])
@pytest.mark.parametrize(("width", "depth"), [(1, 2), (7, 2), (8, 5), (33, 3), (130, 2)])
def test_any_shape(width, depth, n, interpreted):
    assert_kernels_equal_plain_torch(network_of(2, width, depth), *points(2, n))


@needs_triton
def test_non_contiguous_inputs_weights_and_gradients(interpreted):
    network, (s, x) = network_of(3), points(3)
    spread = torch.zeros(len(x), 6, dtype=torch.float64)
    spread[:, ::2] = x
    network.first.weight = torch.nn.Parameter(network.first.weight.detach().T.contiguous().T)
    network.hidden[0].weight = torch.nn.Parameter(network.hidden[0].weight.detach().T.contiguous().T)
    s, x = s.T.contiguous().T, spread[:, ::2]
    assert_kernels_equal_plain_torch(network, s, x)
    weights = list(network.parameters())[:-1]
    ours, theirs = (torch.autograd.grad(f(network, s, x).sum(), weights) for f in (mixed_partial, plain))
    assert_near(ours, theirs, 1e-13)


@needs_triton
@pytest.mark.parametrize("wrong", [1, 3, 4])
def test_a_wrong_derivative_rule_is_noticed(wrong, interpreted):
    """φ'''' is in the gradient alone."""

    class Wrong(Tanh):
        name = f"tanh with a wrong derivative {wrong}"

        def tower(self, z, base, order):
            return [0.99 * d if j == wrong else d for j, d in enumerate(super().tower(z, base, order))]

    network, (s, x) = network_of(3), points(3)
    expected = with_gradients(network, plain(network, s, x))
    network.activation = Wrong()
    value, *gradients = with_gradients(network, mixed_partial(network, s, x))
    assert torch.allclose(value, expected[0], rtol=1e-12) == (wrong == 4)
    assert not torch.allclose(gradients[0], expected[1], rtol=1e-4)


@needs_triton
def test_second_derivatives_in_the_weights(interpreted):
    network, (s, x) = network_of(2), points(2)
    weights, results = list(network.parameters())[:-1], []
    for derivative in (mixed_partial(network, s, x), plain(network, s, x)):
        first = torch.autograd.grad(derivative.square().sum(), weights, create_graph=True)
        results.append(torch.autograd.grad(sum(g.square().sum() for g in first), weights))
    assert_near(*results, 1e-12)


@needs_triton
def test_weights_changed_before_backward_are_noticed(interpreted):
    network, (s, x) = network_of(3), points(3)
    value = mixed_partial(network, s, x).sum()
    with torch.no_grad():
        network.hidden[0].weight += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        value.backward()


@needs_triton
def test_backward_twice(interpreted):
    network, (s, x) = network_of(3), points(3)
    value, weights = mixed_partial(network, s, x).square().sum(), list(network.parameters())[:-1]
    once = torch.autograd.grad(value, weights, retain_graph=True)
    assert all(torch.equal(a, b) for a, b in zip(once, torch.autograd.grad(value, weights), strict=True))


# ----- where plain torch computes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["no Triton", "k", "batch", "depth", "dtype", "gradients in x"])
def test_not_served(reason, interpreted, monkeypatch):
    if reason == "no Triton":
        monkeypatch.setitem(sys.modules, "triton", None)
    k = gpu_derivative.MAX_K + 1 if reason == "k" else 2
    dtype = torch.bfloat16 if reason == "dtype" else torch.float64
    network, (s, x) = network_of(k, depth=1 if reason == "depth" else 3, dtype=dtype), points(k, 2, dtype)
    if reason == "batch":
        s, x = s[:0], x[:0]
    x.requires_grad_(reason == "gradients in x")
    assert not gpu_derivative.serves(network, torch.cat([x, s], dim=1))
    assert mixed_partial(network, s, x).shape == (len(s),)


def test_a_cpu_is_not_served_without_the_interpreter(monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    assert not gpu_derivative.serves(network_of(2), torch.cat(points(2)[::-1], dim=1))


# ----- compiled -------------------------------------------------------------------------------------------------------


@pytest.fixture
def compiled(monkeypatch, tmp_path):
    """Return a function that compiles a kernel, for a GPU that is not there, as its launch on tensors would."""
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource, compile

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)

    def compile_kernel(kernels, name, dtype):
        kernel = kernels.functions[name]
        *arrays, size, width, block = kernel.arg_names
        assert [p.name for p in kernel.params if p.do_not_specialize] == [size, width]  # only arrays are aligned
        signature = {array: f"*{dtype}" for array in arrays} | {size: "i32", width: "i32", block: "constexpr"}
        aligned = {(i,): [["tt.divisibility", 16]] for i, _ in enumerate(arrays)}
        source = ASTSource(kernel, signature, {block: gpu_derivative.BLOCK}, aligned)
        return compile(source, target=GPUTarget("cuda", 80, 32), options={"num_warps": gpu_derivative.BLOCK // 32})

    return compile_kernel


@pytest.mark.slow
@needs_triton
@pytest.mark.parametrize("dtype", ["fp32", "fp64"])
@pytest.mark.parametrize(
    "kernel", [f"{layer}_{way}" for layer in ("first", "hidden", "last") for way in ("forward", "backward")]
)
def test_threads_exchange_no_coefficients(kernel, dtype, compiled):
    made = compiled(gpu_derivative.Kernels(ACTIVATIONS["gelu"], 3), kernel, dtype)
    assert made.metadata.shared == 0
    assert "local" not in made.asm["ptx"]


@pytest.mark.slow
@needs_triton
def test_the_largest_kernel_compiles(compiled):
    made = compiled(gpu_derivative.Kernels(ACTIVATIONS["tanh"], gpu_derivative.MAX_K), "hidden_backward", "fp32")
    assert "hidden_backward" in made.asm["ptx"]


@pytest.mark.gpu
@needs_triton
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("k", range(1, gpu_derivative.MAX_K + 1))
def test_on_a_gpu(k, dtype, monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    gpu_derivative.kernels.cache_clear()
    s, x = points(k, 1000, dtype)
    assert_kernels_equal_plain_torch(network_of(k, 30, dtype=dtype).to("cuda"), s.to("cuda"), x.to("cuda"))
