"""The equations, checked against the paper as printed, and the text they are written in."""

from __future__ import annotations

import ast
import dataclasses
import math

import numpy as np
import pytest
import sympy
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from integrals import changing_sign, plain, product
from published_formulas import F1, F2, U2

import references
from methods.base import InputError, ParametricIntegral
from methods.core import saved_header

box1l, box2l = references.integral("box1l"), references.integral("box2l")
INTEGRALS = [box1l, box2l, product(1), product(3), changing_sign()]
BOX = {"variables": ("x1",), "parameters": ("s1",), "low": (1.0,), "high": (2.0,)}


def printed(text: str) -> sympy.Poly:
    names = {name: sympy.Symbol(name, real=True) for name in ("x1 x2 x3 x4 x5 x6 s12 s14 mH2 mt2").split()}
    return sympy.Poly(eval(" ".join(text.split()), {}, names), *names.values())


def written(integral: ParametricIntegral, name: str) -> sympy.Expr:
    return {str(symbol): p for symbol, p in integral.expression.polynomials.items()}[name]


def same_terms(paper: sympy.Poly, ours: sympy.Expr) -> bool:
    at_unit_mass = sympy.Poly(paper.as_expr().subs(sympy.Symbol("mt2", real=True), 1), *paper.gens)
    return at_unit_mass.as_dict() == sympy.Poly(ours, *paper.gens).as_dict()


@pytest.mark.parametrize(
    ("integral", "name", "paper"), [(box1l, "F", F1), (box2l, "F", F2), (box2l, "U", U2)], ids=["F1", "F2", "U2"]
)
def test_polynomials_are_those_of_the_paper_term_by_term(integral, name, paper):
    assert same_terms(printed(paper), written(integral, name))


def test_a_wrong_term_is_noticed():
    assert not same_terms(printed(F2.replace("- x1*x3*x4*x6*s14", "- x1*x3*x4*s14")), written(box2l, "F"))


def test_structure_of_the_two_loop_polynomials():
    f, u, mt2, s14 = printed(F2), printed(U2), sympy.Symbol("mt2", real=True), sympy.Symbol("s14", real=True)
    x1, x2, x3, x4, x5, x6 = f.gens[:6]
    assert len(f.terms()) == 78
    assert len(u.terms()) == 15
    massive = u.as_expr() * (1 + x1 + x5 + x4 * (1 + x2 + x3))
    assert sympy.expand(f.as_expr().coeff(mt2) - massive) == 0
    assert sympy.expand(written(box2l, "F")).coeff(s14) == -x1 * x3 * x4 * x6


def test_integrands_are_those_of_the_paper_at_a_point():
    x, s = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), np.array([-4.0, -9.0, -25.0])
    point = dict(zip(("x1", "x2", "x3", "x4", "x5", "x6"), x, strict=True)) | {"s12": s[0], "s14": s[1], "mH2": s[2]}
    f1, f2, u2 = (eval(" ".join(text.split()), {}, point | {"mt2": 1.0}) for text in (F1, F2, U2))
    assert box1l.integrand(s, x[:3]) == pytest.approx(1 / f1**2, rel=1e-14)
    assert box2l.integrand(s, x) == pytest.approx(2 * u2 * 0.4 / f2**3, rel=1e-14)


@pytest.mark.parametrize("integral", [box1l, box2l], ids=lambda i: i.name)
def test_box_is_the_papers_region_and_f_is_positive_in_it(integral):
    assert integral.low == (-30.0,) * 3
    assert integral.high == (-3.0,) * 3
    x = np.random.default_rng(0).random((1000, integral.k))
    assert (integral.integrand(integral.sample(1000, 0), x) > 0).all()


def points(integral, n_s=5, n_x=7):
    return integral.sample(n_s, 0), np.random.default_rng(1).random((n_x, integral.k))


@pytest.mark.parametrize("integral", INTEGRALS, ids=lambda i: i.name)
def test_numpy_and_torch_agree(integral):
    s, x = points(integral, 50, 60)
    ours = integral.integrand(s[:, None], x)
    theirs = integral.integrand(torch.tensor(s)[:, None], torch.tensor(x))
    np.testing.assert_allclose(theirs.numpy(), ours, rtol=1e-14)


@pytest.mark.parametrize("integral", [*INTEGRALS, plain(2)], ids=lambda i: i.name)
def test_broadcasting(integral):
    s, x = points(integral)
    f = integral.integrand(s[:, None], x)
    assert f.shape == (5, 7)
    for i, j in ((0, 0), (4, 6), (2, 3)):
        assert integral.integrand(s[i], x[j]) == pytest.approx(f[i, j], rel=1e-14)
    np.testing.assert_allclose(integral.integrand(s[3], x), f[3], rtol=1e-14)
    np.testing.assert_allclose(integral.integrand(s, x[:5]), np.diagonal(f), rtol=1e-14)


@pytest.mark.parametrize("integral", [*INTEGRALS, plain(2)], ids=lambda i: i.name)
@pytest.mark.parametrize("array", [np.asarray, torch.tensor], ids=["numpy", "torch"])
def test_at_nodes_equals_the_integrand(integral, array):
    s, x = map(array, points(integral))
    np.testing.assert_allclose(integral.at_nodes(x)(s), integral.integrand(s[:, None], x), rtol=2e-14)


@pytest.mark.parametrize("integral", INTEGRALS, ids=lambda i: i.name)
def test_dtype_is_kept(integral):
    s, x = (array.astype(np.float32) for array in points(integral))
    assert integral.integrand(s[:, None], x).dtype == np.float32
    assert integral.at_nodes(x)(s).dtype == np.float32
    assert integral.integrand(torch.tensor(s)[:, None], torch.tensor(x)).dtype == torch.float32
    assert integral.at_nodes(torch.tensor(x))(torch.tensor(s)).dtype == torch.float32


def derivative(expression, symbol):
    """Differentiate by the chain rule over the named polynomials: sympy is slow on the whole expression."""
    outer, polynomials = expression.outer, expression.polynomials
    total = outer.diff(symbol) + sum(outer.diff(name) * p.diff(symbol) for name, p in polynomials.items())
    return total.xreplace(polynomials)


@pytest.mark.parametrize("integral", [box1l, box2l, product(2)], ids=lambda i: i.name)
def test_torch_gradients_are_the_derivatives(integral):
    s, x = (torch.tensor(array, requires_grad=True) for array in points(integral, 3, 3))
    in_s, in_x = torch.autograd.grad(integral.integrand(s, x).sum(), (s, x))
    expression = integral.expression
    for row in range(3):
        values = dict(zip(expression.parameters, s[row].tolist(), strict=True))
        values |= dict(zip(expression.variables, x[row].tolist(), strict=True))
        for symbols, gradient in ((expression.parameters, in_s[row]), (expression.variables, in_x[row])):
            exact = [float(derivative(expression, symbol).xreplace(values)) for symbol in symbols]
            np.testing.assert_allclose(gradient.numpy(), exact, rtol=1e-11, atol=1e-16)


def test_inputs_are_not_modified():
    s, x = points(box1l)
    before = s.copy(), x.copy()
    box1l.integrand(s[:, None], x)
    box1l.at_nodes(x)(s)
    np.testing.assert_array_equal(s, before[0])
    np.testing.assert_array_equal(x, before[1])


@pytest.mark.parametrize("text", ["1", "x1", "s1", "3 - 2"])
def test_integrands_without_x_or_s_have_full_shape(text):
    integral = ParametricIntegral.from_expression(name="simple", expression=text, **BOX)
    s, x = points(integral)
    expected = np.broadcast_to({"1": 1.0, "3 - 2": 1.0, "x1": x[None, :, 0], "s1": s}[text], (5, 7))
    for array in (np.asarray, torch.tensor):
        for f in (integral.integrand(array(s)[:, None], array(x)), integral.at_nodes(array(x))(array(s))):
            assert tuple(f.shape) == (5, 7)
            np.testing.assert_allclose(f, expected, rtol=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').getpid()", "x1.real", "unknown*x1", "lambda: x1", "'x1'", "x1 if s1 else 2", "[x1]", "x1[0]",
        "x1 < s1", "eval(x1)", "exp(x1, s1)", "exp(x=x1)", "(x1 := 2)", "True", "1j", "x1 // 2", "x1 @ s1", "None",
        "x1; s1", "", "x1 +", "f'{x1}'", "exp", "x1(2)", "*x1", "not x1",
    ],
)  # fmt: skip
def test_parser_refuses_what_is_no_formula(text):
    with pytest.raises(InputError) as problem:
        ParametricIntegral.from_expression(name="bad", expression=text, **BOX)
    assert str(problem.value).endswith(".")


def test_parser_refuses_in_definitions_too():
    with pytest.raises(InputError, match="getpid"):
        ParametricIntegral.from_expression(
            name="bad", expression="D", definitions={"D": "__import__('os').getpid()"}, **BOX
        )


@pytest.mark.parametrize(
    ("field", "value"),
    [("definitions", {"x1": "2"}), ("parameters", ("x1",)), ("variables", ("x 1",)), ("definitions", {"exp": "s1"})],
)
def test_names_that_clash_are_refused(field, value):
    with pytest.raises(InputError):
        ParametricIntegral.from_expression(name="bad", expression="1", **(BOX | {field: value}))


def leaf():
    return st.sampled_from(["x1", "s1", "x2", "s2", "D", "2", "0.75", "1.5", "pi"])


def deeper(inner):
    two = st.tuples(inner, inner)
    return st.one_of(
        two.map("({0[0]} + {0[1]})".format),
        two.map("({0[0]} - {0[1]})".format),
        two.map("{0[0]}*{0[1]}".format),
        two.map("{0[0]}/(1 + {0[1]}**2)".format),
        inner.map("(-{})".format),
        inner.map("({})**3".format),
        inner.map("(1 + ({})**2)**-2".format),
        inner.map("(1 + ({})**2)**0.5".format),
        st.tuples(st.sampled_from(["sin", "cos", "tanh", "atan"]), inner).map("{0[0]}({0[1]})".format),
        inner.map("log(2 + ({})**2)".format),
        inner.map("sqrt(2 + ({})**2)".format),
        inner.map("exp(tanh({}))".format),
    )


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    text=st.recursive(leaf(), deeper, max_leaves=6),
    values=st.tuples(*[st.floats(0.25, 2)] * 4),
)
def test_formulas_mean_what_python_means(text, values):
    # Python's own arithmetic on floats is the judge; every part of the formula contributes to the scale of rounding.
    integral = ParametricIntegral.from_expression(
        name="random", expression=text, definitions={"D": "x1*x2 + s1"}, variables=("x1", "x2"),
        parameters=("s1", "s2"), low=(0, 0), high=(3, 3),
    )  # fmt: skip
    x1, x2, s1, s2 = values
    names = {name: getattr(math, name) for name in ("sin", "cos", "tanh", "atan", "log", "sqrt", "exp", "pi")}
    names |= {"x1": x1, "x2": x2, "s1": s1, "s2": s2, "D": x1 * x2 + s1}
    nodes = [node for node in ast.walk(ast.parse(text, mode="eval").body) if isinstance(node, ast.expr)]
    parts = [eval(ast.unparse(node), {}, names) for node in nodes]
    scale = max(abs(part) for part in parts if not callable(part))
    s, x = np.array([[s1, s2]]), np.array([[x1, x2]])
    assert integral.integrand(s, x)[0] == pytest.approx(parts[0], rel=1e-12, abs=1e-13 * max(1, scale) ** 2)
    assert integral.at_nodes(x)(s)[0, 0] == pytest.approx(parts[0], rel=1e-12, abs=1e-13 * max(1, scale) ** 2)


GOOD = {
    "name": "good", "k": 1, "parameters": ("s1",), "low": (1.0,), "high": (2.0,), "integrand": lambda s, x: x[..., 0],
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "two words", "letters"),
        ("name", "../up", "letters"),
        ("k", 0, "at least one"),
        ("parameters", (), "one entry per column"),
        ("parameters", ("s1", "s2"), "one entry per column"),
        ("low", (1.0, 1.0), "one entry per column"),
        ("low", (2.0,), "below"),
        ("high", (math.nan,), "finite"),
        ("high", (math.inf,), "finite"),
    ],
)
def test_pieces_that_do_not_fit_are_refused(field, value, message):
    ParametricIntegral(**GOOD)
    with pytest.raises(InputError, match=message):
        ParametricIntegral(**(GOOD | {field: value}))


@pytest.mark.parametrize(
    ("s", "message"),
    [
        ([[-4.0, -4.0]], r"\(n, 3\).*\(1, 2\)"),
        ([-4.0, -4.0, -4.0], r"\(n, 3\).*\(3,\)"),
        (np.zeros((2, 2, 3)), r"\(n, 3\)"),
        ([[-4.0, -4.0, -4.0], [-4.0, math.nan, -4.0]], "s14 = nan in row 1"),
        ([[-4.0, -4.0, math.inf]], "mH2 = inf in row 0"),
        ([[-4.0, -4.0, -2.9]], r"mH2 = -2.9 in row 0 .*\[-30.0, -3.0\]"),
        ([[-4.0, -4.0, -2.9999999]], r"mH2 = -2.9999999 in row 0 .*\[-30.0, -3.0\]"),
    ],
)
def test_check_says_what_is_wrong_with_s(s, message):
    with pytest.raises(InputError, match=message):
        box1l.check(s)


@pytest.mark.parametrize("n", [0, 1, 9])
def test_check_passes_good_points_on(n):
    s = box1l.sample(n, 0)
    assert box1l.check(s).dtype == np.float64
    np.testing.assert_array_equal(box1l.check(s.tolist() if n else s), s)


def test_check_takes_the_very_corners():
    assert box1l.check([box1l.low, box1l.high]).shape == (2, 3)


def test_fingerprint_changes_with_equation_box_and_parameters_only():
    text = {"name": "one", "expression": "1/(s1 + s2*x1)**2", "variables": ("x1",), "parameters": ("s1", "s2")}
    box = {"low": (1.0, 1.0), "high": (2.0, 2.0)}
    first = ParametricIntegral.from_expression(**text, **box).fingerprint()
    assert ParametricIntegral.from_expression(**text, **box).fingerprint() == first
    assert ParametricIntegral.from_expression(**(text | {"name": "another"}), **box).fingerprint() == first
    for change in (
        {"expression": "1/(s1 + s2*x1)**3"},
        {"expression": "1/(s1 + 1.0000001*s2*x1)**2"},
        {"parameters": ("s2", "s1")},
        {"low": (1.0, 0.5)},
        {"high": (2.0, 2.5)},
    ):
        assert ParametricIntegral.from_expression(**(text | box | change)).fingerprint() != first, change


@pytest.mark.parametrize("k", [1, 3])
def test_fingerprint_is_the_same_for_text_and_callable(k):
    assert plain(k).fingerprint() == product(k).fingerprint()


def test_fingerprints_of_the_registered_integrals_differ():
    assert len({integral.fingerprint() for integral in INTEGRALS}) == len(INTEGRALS)


def test_integrals_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        box1l.k = 4


def test_sample_is_reproducible_and_inside_the_box():
    s = box1l.sample(1000, 7)
    np.testing.assert_array_equal(s, box1l.sample(1000, 7))
    assert not np.array_equal(s, box1l.sample(1000, 8))
    assert box1l.check(s).std() == pytest.approx(27 / math.sqrt(12), rel=0.05)


def test_names_given_are_not_taken_for_those_made_up():
    integral = ParametricIntegral.from_expression(
        name="names", variables=["polynomial0"], parameters=["s1"], expression="(1 + s1*polynomial0)**2*polynomial0",
        low=[1], high=[2],
    )  # fmt: skip
    s, x = np.array([[1.5]]), np.array([[0.25]])
    np.testing.assert_allclose(integral.integrand(s, x), (1 + 1.5 * 0.25) ** 2 * 0.25)


def test_functions_of_numbers_work_under_torch():
    integral = ParametricIntegral.from_expression(
        name="numbers", variables=["x1"], parameters=["s1"], expression="exp(2)*log(3)*sqrt(2)*pi*x1*s1 + exp(1)",
        low=[1], high=[2],
    )  # fmt: skip
    expected = np.exp(2) * np.log(3) * np.sqrt(2) * np.pi * 0.25 * 1.5 + np.e
    s, x = torch.tensor([[1.5]], dtype=torch.float64), torch.tensor([[0.25]], dtype=torch.float64)
    np.testing.assert_allclose(integral.integrand(s, x).numpy(), expected)


@pytest.mark.parametrize(
    "text", ["sqrt(s1**2*x1)", "x1/sqrt((s1 - 3*x1)**2)", "sqrt((s1*x1)**2)**3 + exp(1)", "sqrt(sqrt(s1**2) + x1)"]
)
def test_a_formula_with_moduli_and_e_is_read_back_as_it_was_saved(text):
    integral = ParametricIntegral.from_expression(name="roots", expression=text, **BOX)
    again = ParametricIntegral.from_expression(**saved_header.formula_of(integral))
    assert again.expression.full == integral.expression.full
    assert again.fingerprint() == integral.fingerprint()


@pytest.mark.parametrize("name", ["xp", "pi", "exp"])
def test_reserved_names_are_refused(name):
    with pytest.raises(InputError, match=name):
        ParametricIntegral.from_expression(
            name="reserved", variables=[name], parameters=["s1"], expression=f"s1*{name}", low=[1], high=[2]
        )


# ----- moduli ---------------------------------------------------------------------------------------------------------


def rooted(expression, prescription="F"):
    return ParametricIntegral.from_expression(
        name="rooted", expression=expression, definitions={"F": "1 - s1*x1", "U": "1 + x1*x2"},
        variables=("x1", "x2"), parameters=("s1",), low=(2.0,), high=(3.0,), prescription=prescription,
    )  # fmt: skip


def test_a_root_of_a_squared_feynman_parameter_is_itself_on_contours_too():
    x = np.array([[0.3 + 0.2j, 0.6 + 0.1j]])
    found = rooted("sqrt(x1**2*x2)/F").integrand(np.full((1, 1), 2.5), x)
    np.testing.assert_allclose(found, x[:, 0] * np.sqrt(x[:, 1]) / (1 - 2.5 * x[:, 0]), rtol=1e-14)


@pytest.mark.parametrize("expression", ["sqrt(U**2)/F", "(U**2*x1)**(3/2)/F**4", "sqrt((x1 - x2)**2)/F"])
def test_a_modulus_is_refused_above_threshold_alone(expression):
    with pytest.raises(InputError, match=r"which is its modulus, and that is not analytic as F - i0 asks for"):
        rooted(expression)
    assert rooted(expression, prescription=None).expression.modulus is not None
