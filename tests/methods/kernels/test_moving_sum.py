"""Compiled sums over nodes that move with s: equal to the formula at these nodes, whatever lanes and loops do."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from compilers import needs_compiler
from integrals import product

import references
from methods.base import ParametricIntegral
from methods.kernels import moving_sum
from methods.kernels.derivatives import derivatives
from methods.kernels.moving_source import point_source
from methods.kernels.moving_sum import MovingSum, Nodes
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.compiled_rule import log_c_of
from methods.primitives.contour_map import ContourMap, block_sizes
from methods.quadrature.axis_rules import gauss_legendre


def formula(text: str, variables: str = "x y", **definitions: str) -> ParametricIntegral:
    return ParametricIntegral.from_expression(
        name="f", expression=text, definitions=definitions, variables=variables.split(), parameters=("a", "b"),
        low=(1.0, -2.0), high=(2.0, -1.0),
    )  # fmt: skip


FORMULAS = {
    "quadratic": formula("1/F**2", F="a + x*y - b*x**2*y**2"),
    "power of U": formula("U**3/F**5", U="1 + x + y", F="a*U + x*y - b*x**2"),
    "numerator": formula("2*x*(x + a*y)/F**3", F="a + x - b*y**3"),
    "without s": formula("x*y**2"),
    "without x": formula("a/b**2"),
    "two denominators": formula("(1 - a*x)**2/(F*G**2)", F="a + y", G="1 + x - b*y"),
    "sum of quotients": formula("x/(a + x) + b*y/(1 + y)**2"),
    "first variable alone": formula("1/(a + x)**4"),
    "numbers": formula("pi*0.25*(x - y)**7/(3 - b)"),
}
BOXES = {name: references.integral(name) for name in ("box1l", "box2l")}


def some_map(integral: ParametricIntegral, degree: int, is_complex: bool, is_arc: bool = False) -> ContourMap:
    k, m = integral.k, integral.m
    size = sum(map(sum, block_sizes(k, m, degree, is_arc)))
    dtype = torch.complex128 if is_complex else torch.float64
    a = 0.2 * torch.randn(size, generator=torch.Generator().manual_seed(k), dtype=dtype)
    return ContourMap(tuple(np.random.default_rng(k).permutation(k).tolist()), m, degree, a, is_arc)


def expected(integral: ParametricIntegral, contour: ContourMap, s: np.ndarray, t: np.ndarray, w: np.ndarray):
    """Return Σ_j w_j f(s, x(t_j)) det ∂x/∂t by the formula, in torch, and how large its terms are."""
    nodes, found = torch.as_tensor(t), []
    for point in torch.as_tensor(s).split(1):
        u = BoxCoordinates(integral, "cpu").u(point).expand(len(t), integral.m)
        x, log_slope = contour.move(list(nodes.T), *contour.log_c(contour.bases(u, nodes)))
        columns = torch.stack(x, dim=1)
        f = integral.integrand(point.to(columns), columns) * torch.exp(torch.stack(log_slope).sum(dim=0))
        found.append([(f * torch.as_tensor(w)).sum().item(), (f.abs() * torch.as_tensor(w)).sum().item()])
    value, size = np.array(found).T
    return value, np.abs(size)


def general_nodes(k: int, n: int = 37) -> Nodes:
    """Draw nodes that all variables share, not a whole number of vectors of them."""
    generator = np.random.default_rng(k)
    return Nodes(generator.random((n, k)), generator.random(n), [])


def all_nodes(nodes: Nodes) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes of a product (n, k), and their weights."""
    t, w = nodes.shared, nodes.weights
    for of_axis, weights in nodes.others:
        t = np.concatenate([np.repeat(t, len(of_axis), axis=0), np.tile(of_axis, len(t))[:, None]], axis=1)
        w = np.outer(w, weights).ravel()
    return t, w


def assert_equal(
    integral: ParametricIntegral, degree: int, is_complex: bool, nodes: Nodes, n_points: int = 3, is_arc: bool = False
) -> None:
    contour = some_map(integral, degree, is_complex, is_arc)
    log_c = log_c_of(contour)
    compiled = moving_sum.library([integral.expression], log_c, nodes.shared.shape[1])
    s = integral.sample(n_points, seed=0)
    found = MovingSum(compiled, log_c, nodes)(s, BoxCoordinates(integral, "cpu").u(torch.as_tensor(s)).numpy())[:, 0]
    value, size = expected(integral, contour, s, *all_nodes(nodes))
    assert found.dtype == (np.complex128 if is_complex else np.float64)
    np.testing.assert_array_less(np.abs(found - value), 1e-12 * size)


def tensor(*orders: int) -> Nodes:
    return moving_sum.tensor_nodes([gauss_legendre(n) for n in orders])


@needs_compiler
@pytest.mark.parametrize("is_complex", [True, False])
@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula(name: str, is_complex: bool):
    assert_equal(FORMULAS[name], 2, is_complex, tensor(5, 7))


@needs_compiler
@pytest.mark.parametrize(
    ("name", "degree", "orders"), [("box1l", 1, (5, 4, 6)), ("box1l", 3, (5, 4, 6)), ("box2l", 1, (3, 2, 2, 3, 2, 4))]
)
def test_a_tensor_rule_of_a_loop_integral(name: str, degree: int, orders: tuple[int, ...]):
    assert_equal(BOXES[name], degree, True, tensor(*orders))


@needs_compiler
@pytest.mark.parametrize("is_complex", [True, False])
@pytest.mark.parametrize(("degree", "nodes"), [(1, tensor(5, 4, 6)), (3, tensor(3, 2, 4)), (2, general_nodes(3))])
def test_arcs(degree: int, nodes: Nodes, is_complex: bool):
    assert_equal(BOXES["box1l"], degree, is_complex, nodes, is_arc=True)


def test_on_arcs_the_innermost_loop_has_no_exponential():
    loops = []
    for is_arc in (False, True):
        log_c = log_c_of(some_map(BOXES["box2l"], 1, True, is_arc))
        source = point_source([BOXES["box2l"].expression], log_c.order, log_c.monomials, moving_sum.n_shared(6))
        loops.append(source.partition("for (ptrdiff_t j5")[2])
    assert ["exponential" in loop for loop in loops] == [True, False]


@needs_compiler
def test_derivatives_on_arcs_are_those_at_fixed_nodes():
    integral, contour = FORMULAS["two denominators"], some_map(FORMULAS["two denominators"], 1, True, is_arc=True)
    log_c, nodes = log_c_of(contour), tensor(4, 5)
    compiled = moving_sum.library([integral.expression, *derivatives(integral.expression)], log_c, 1)
    s = integral.sample(3, seed=2)
    found = MovingSum(compiled, log_c, nodes)(s, BoxCoordinates(integral, "cpu").u(torch.as_tensor(s)).numpy())
    slopes = expected_gradient(integral, contour, s, *all_nodes(nodes))
    np.testing.assert_allclose(found[:, 1:], slopes, rtol=1e-11, atol=1e-12 * np.abs(found[:, 0]).max())


@needs_compiler
@pytest.mark.parametrize("name", BOXES)
def test_general_nodes_of_a_loop_integral(name: str):
    assert_equal(BOXES[name], 1, True, general_nodes(BOXES[name].k))


@needs_compiler
@pytest.mark.parametrize("k", range(1, 9))
def test_every_number_of_variables(k: int):
    assert_equal(product(k), 1, True, tensor(*[2] * k))


@needs_compiler
@pytest.mark.parametrize("k", [1, 4, 8])
def test_every_number_of_variables_with_general_nodes(k: int):
    assert_equal(product(k), 1, False, general_nodes(k))


@needs_compiler
def test_nodes_at_the_ends():
    t = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1e-12, 1 - 1e-12]])
    assert_equal(FORMULAS["quadratic"], 2, True, Nodes(t, np.ones(len(t)), []))


@needs_compiler
def test_threads_and_few_or_no_points_change_nothing():
    integral, contour = BOXES["box1l"], some_map(BOXES["box1l"], 1, True)
    log_c, nodes = log_c_of(contour), tensor(3, 3, 3)
    kernel = MovingSum(moving_sum.library([integral.expression], log_c, 2), log_c, nodes)
    s = integral.sample(9, seed=1)
    u = BoxCoordinates(integral, "cpu").u(torch.as_tensor(s)).numpy()
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        together = kernel(s, u)
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(together, np.concatenate([kernel(s[i : i + 1], u[i : i + 1]) for i in range(9)]))
    assert kernel(s[:0], u[:0]).shape == (0, 1)


@pytest.mark.parametrize(
    "nodes",
    [general_nodes(3), tensor(3, 3), tensor(3, 3, 3, 3), tensor(3, 3, 3)._replace(shared=np.zeros((9, 1)))],
    ids=["all share them", "an axis too few", "an axis too many", "one shares them"],
)
def test_nodes_of_another_form_than_the_kernel_are_refused(nodes: Nodes):
    log_c = log_c_of(some_map(BOXES["box1l"], 1, True))
    compiled = moving_sum.CompiledSum(None, n_shared=2, n_sums=1)
    with pytest.raises(ValueError, match=r"variables share nodes and . follow, where the kernel has 2 of 3"):
        MovingSum(compiled, log_c, nodes)
    assert isinstance(MovingSum(compiled, log_c, tensor(3, 3, 3)), MovingSum)


@pytest.mark.parametrize("text", ["sqrt(a + x)", "exp(x)*y", "(a + x)**(a/2)"])
def test_a_formula_with_other_functions_has_no_kernel(text: str):
    integral = formula(text)
    assert moving_sum.library([integral.expression], log_c_of(some_map(integral, 1, True)), 1) is None


def test_without_a_compiler_there_is_none(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    integral = formula("x/(a + 17*y)")  # one that no other test has compiled
    assert moving_sum.library([integral.expression], log_c_of(some_map(integral, 1, True)), 1) is None


def test_the_weights_of_a_tensor_rule_add_up_to_one():
    for k in range(1, 5):
        assert math.isclose(all_nodes(tensor(*range(2, 2 + k)))[1].sum(), 1)


def expected_gradient(integral: ParametricIntegral, contour: ContourMap, s: np.ndarray, t: np.ndarray, w: np.ndarray):
    """Return the derivatives (n, m) of `expected` in s while x stays where it is."""
    nodes, found = torch.as_tensor(t), []
    for point in torch.as_tensor(s).split(1):
        u = BoxCoordinates(integral, "cpu").u(point).expand(len(t), integral.m)
        x, log_slope = contour.move(list(nodes.T), *contour.log_c(contour.bases(u, nodes)))
        fixed, weights = torch.stack(x, dim=1), torch.exp(torch.stack(log_slope).sum(dim=0)) * torch.as_tensor(w)
        (slopes,) = torch.autograd.functional.jacobian(
            lambda p, x=fixed, w=weights: torch.view_as_real((integral.integrand(p.to(x), x) * w).sum()[None]), point
        ).permute(0, 2, 3, 1)
        found.append(torch.view_as_complex(slopes.contiguous()).numpy()[0])
    return np.array(found)


@needs_compiler
@pytest.mark.parametrize("name", ["without x", "two denominators"])
def test_derivatives_are_those_at_fixed_nodes(name: str):
    integral, contour = FORMULAS[name], some_map(FORMULAS[name], 1, True)
    log_c, nodes = log_c_of(contour), tensor(4, 5)
    compiled = moving_sum.library([integral.expression, *derivatives(integral.expression)], log_c, 1)
    s = integral.sample(3, seed=2)
    found = MovingSum(compiled, log_c, nodes)(s, BoxCoordinates(integral, "cpu").u(torch.as_tensor(s)).numpy())
    value, size = expected(integral, contour, s, *all_nodes(nodes))
    np.testing.assert_array_less(np.abs(found[:, 0] - value), 1e-12 * size)
    slopes = expected_gradient(integral, contour, s, *all_nodes(nodes))
    np.testing.assert_allclose(found[:, 1:], slopes, rtol=1e-11, atol=1e-12 * size.max())
