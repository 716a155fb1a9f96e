"""Compiled sums over fixed nodes: equal to those of torch, real and complex, for any powers and numbers of nodes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from compilers import needs_compiler

from methods.base import InputError
from methods.core import compiled_sums, node_sums


def some_sum(m: int, powers: tuple[int, ...], n: int, is_complex: bool):
    """Return matrices with their powers, and weights; the polynomials stay away from zero."""
    generator, dtype = torch.Generator().manual_seed(n), torch.complex128 if is_complex else torch.float64
    matrices = []
    for power in powers:
        matrix = 0.3 * torch.randn(m + 1, n, generator=generator, dtype=dtype)
        matrix[-1] += 4 + (2j if is_complex else 0)
        matrices.append((matrix, power))
    return matrices, torch.randn(n, generator=generator, dtype=dtype) / n


def points(n: int, m: int) -> torch.Tensor:
    return torch.rand(n, m, generator=torch.Generator().manual_seed(m), dtype=torch.float64)


@needs_compiler
@pytest.mark.parametrize("is_complex", [True, False])
@pytest.mark.parametrize(
    ("m", "powers", "n"), [(3, (-2,), 1000), (3, (-3,), 5001), (5, (1, -4), 17), (1, (3, -1, -2), 8), (8, (-5,), 3)]
)
def test_they_are_those_of_torch(m: int, powers: tuple[int, ...], n: int, is_complex: bool):
    matrices, weights = some_sum(m, powers, n, is_complex)
    torch_sums = node_sums.monomial_weighted_sum(matrices, weights)
    s, size = points(7, m), 4.0 ** sum(powers) * float(weights.abs().sum())
    found = compiled_sums.monomial_weighted_sum(matrices, weights)(s)
    assert found.dtype == weights.dtype
    torch.testing.assert_close(found, torch_sums(s), rtol=1e-12, atol=1e-12 * size)


@needs_compiler
@pytest.mark.parametrize("is_complex", [True, False])
@pytest.mark.parametrize(("m", "powers"), [(3, (-2,)), (2, (1, -4, 2))])
def test_derivatives_are_those_of_torch(m: int, powers: tuple[int, ...], is_complex: bool):
    matrices, weights = some_sum(m, powers, 21, is_complex)

    def f(s: torch.Tensor) -> torch.Tensor:
        affine = torch.cat([s, s.new_ones(len(s), 1)], dim=1).to(weights)
        return torch.stack([(affine @ matrix) ** power for matrix, power in matrices]).prod(dim=0) @ weights

    s = points(6, m).requires_grad_()
    value, gradient = compiled_sums.monomial_weighted_sum_with_gradient(matrices, weights)(s.detach())
    expected = f(s)
    torch.testing.assert_close(value, expected.detach(), rtol=1e-11, atol=0)
    parts = [expected.real, expected.imag] if is_complex else [expected]
    slopes = [torch.autograd.grad(part.sum(), s, retain_graph=True)[0] for part in parts]
    torch.testing.assert_close(gradient, torch.complex(*slopes) if is_complex else slopes[0], rtol=1e-10, atol=1e-12)


@needs_compiler
def test_a_polynomial_that_is_zero_has_a_derivative():
    one = torch.ones(1, dtype=torch.float64)
    matrices = [(torch.tensor([[1.0], [-0.5]], dtype=torch.float64), 1)]
    value, gradient = compiled_sums.monomial_weighted_sum_with_gradient(matrices, one)(0.5 * one[None])
    assert (float(value), float(gradient)) == (0.0, 1.0)


@needs_compiler
@pytest.mark.parametrize(
    "s", [torch.ones(4, 2), torch.ones(3), torch.ones(4, 3, requires_grad=True)], ids=["columns", "a row", "a graph"]
)
def test_other_tensors_are_refused_before_the_kernel_reads_them(s: torch.Tensor):
    total = compiled_sums.monomial_weighted_sum(*some_sum(3, (-2,), 10, False))
    with pytest.raises(InputError, match=r"takes s of shape \(n, 3\) on the CPU, and keeps no graph"):
        total(s.double())


def test_there_is_no_kernel_for_complex_nodes_with_real_weights():
    matrices, weights = some_sum(3, (-2,), 10, True)
    assert compiled_sums.monomial_weighted_sum(matrices, weights.real.contiguous()) is None


@needs_compiler
@pytest.mark.parametrize("n_points", [0, 1, 5, 600])
def test_threads_and_numbers_of_points_change_nothing(n_points: int):
    total, s = compiled_sums.monomial_weighted_sum(*some_sum(3, (-2,), 100, False)), points(n_points, 3)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        together = total(s)
    finally:
        torch.set_num_threads(before)
    each = [total(row).numpy() for row in s.split(1)] if n_points else [np.empty(0)]
    np.testing.assert_allclose(together.numpy(), np.concatenate(each), rtol=1e-14)


def test_where_there_is_no_kernel(monkeypatch):
    single = some_sum(3, (-2,), 10, False)
    assert compiled_sums.monomial_weighted_sum([(single[0][0][0].float(), -2)], single[1].float()) is None
    assert compiled_sums.monomial_weighted_sum(*some_sum(40, (-2,), 10, False)) is None
    assert compiled_sums.monomial_weighted_sum(*some_sum(1, (-99,), 10, False)) is None
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert compiled_sums.monomial_weighted_sum(*some_sum(7, (-7, 6), 10, False)) is None
