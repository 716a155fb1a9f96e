"""Formulas that no computer can evaluate are refused in one short sentence, and long ones are read."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from methods.base import InputError, ParametricIntegral

SHORT = 400
"""Characters of the longest sentence."""


def integral(text):
    return ParametricIntegral.from_expression(
        name="hostile", expression=text, variables=("x1",), parameters=("s1",), low=(1.0,), high=(2.0,)
    )


def value(text, s=1.5, x=0.5):
    """Evaluate by NumPy and by torch, which must agree."""
    f = integral(text).integrand
    found = f(np.full((1, 1), s), np.full((1, 1), x))
    also = f(torch.full((1, 1), s, dtype=torch.float64), torch.full((1, 1), x, dtype=torch.float64))
    np.testing.assert_allclose(also.numpy(), found, rtol=1e-14)
    return found[0]


REFUSED = {
    "9**9**9*x1": "power of 9 that is too large",
    "2**1000000000*x1": "power of 2 that is too large",
    "2**-1000000000*x1": "power of 2 that is too large or too small",
    "pi**10000*x1": "power of pi that is too large",
    "(x1+s1)**(9**9)": "exponent 387420489; 1000 is the largest",
    "((x1+s1)**99)**99": "exponent 9801",
    "1e400*x1": "1e400, which is no number of double precision",
    "1e-400*x1": "1e-400, which is no number of double precision",
    "10**400*x1": "the number 1000",
    "0.1**400*x1": "the number 1/1000",
    "1/0": "divides by zero",
    "x1/0": "divides by zero",
    "x1/(s1 - s1)": "divides by zero",
    "0**(-1)*x1": "not finite",
    "log(0)*x1": "not finite",
    "exp(710)*x1": "exp of 710, which is infinite",
    "exp(-800)*x1": "exp of -800, which is too small for",
    "sinh(-720)*x1": "sinh of -720, which is infinite",
    "cosh(-720)*x1": "cosh of -720, which is infinite",
    "exp(exp(exp(10)))*x1": "exp of exp(10), which is infinite",
    "sqrt(-2)*x1": "which is not real",
    "log(-1)*x1": "which is not real",
    "(-8)**(1/3)*x1": "which is not real",
    "1+sqrt(-x1**2)": "which is not real",
    "(-x1**2)**0.5*s1": "which is not real",
    "log(-x1**2)*s1": "log of -x1**2, which is not real",
    "sqrt(-1 - x1**2)*s1": "sqrt of -x1**2 - 1, which is not real",
    "(-1 - x1**2)**(1/3)*s1": "a power 1/3 of -x1**2 - 1, which is not real",
    "nan*x1": "'nan' is not allowed",
    "inf*x1": "'inf' is not allowed",
    "012*x1": "012, which begins with a zero; write whole numbers without it",
    "0_07*x1": "0_07, which begins with a zero",
    "1" * 5000 + "*x1": "(5,003 characters)",
    "foo(" + "x1+" * 50_000 + "1)": "'foo' is not allowed",
    "a" * 100_000: "(100,000 characters)",
    "(" * 5000 + "x1" + ")" * 5000: "brackets or powers within each other",
    "x1**" * 500 + "s1": "brackets or powers within each other",
    "x1 +": "ends where a number",
    "(x1 + 1": "ends where a number",
    "2x1": "'2x1' has '2' and 'x1' side by side; write * between factors.",
    "12.5x1": "has '12.5' and 'x1' side by side; write *",
    "x1 s1": "has 'x1' and 's1' side by side; write *",
    "exp(2 x1)": "has '2' and 'x1' side by side; write *",
    "x1*(1 + s1)(1 - s1)": "has ')' and '(' side by side; write *",
    "s1 sqrt(x1)": "has 's1' and 'sqrt' side by side; write *",
    "x1 2": "has 'x1' and '2' side by side; write *",
    "2y*x1": "'y' is not allowed in a formula",
    "x1; s1": "';' is not allowed in a formula",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:30])
def test_what_no_computer_can_evaluate_is_refused_in_a_short_sentence(text):
    with pytest.raises(InputError) as problem:
        integral(text)
    sentence = str(problem.value)
    assert REFUSED[text] in sentence
    assert len(sentence) < SHORT
    assert "\n" not in sentence
    assert sentence.endswith(".")


def test_long_polynomials_are_read_and_evaluated():
    n = 1500
    expected = sum(i * 0.5 ** (i % 3) for i in range(1, n + 1))
    assert value("+".join(f"{i}*x1**{i % 3}" for i in range(1, n + 1))) == pytest.approx(expected, rel=1e-14)


@pytest.mark.slow
def test_long_sums_of_functions_are_read_and_evaluated():
    many_functions = "+".join(f"exp(-{i}*x1)" for i in range(1, 1001))
    assert value(many_functions) == pytest.approx(sum(np.exp(-0.5 * np.arange(1, 1001))), rel=1e-13)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e20*x1", 5e19),
        ("10**30*x1 + 1", 5e29),
        ("100000000000000000000000000000*x1", 5e28),
        ("-" * 501 + "x1", -0.5),
        ("2**-1*x1 - -x1**2", 0.5),
        ("x1**3**2", 0.5**9),
        (".5*x1 + 1.*s1 + 1_000", 1001.75),
        ("0**0*x1", 0.5),
        ("x1 \n + s1", 2.0),
    ],
)
def test_what_is_unusual_means_what_python_means(text, expected):
    assert value(text) == pytest.approx(expected, rel=1e-15)


def test_a_polynomial_too_large_to_multiply_out_is_evaluated_as_it_stands():
    assert value("1 + (x1 + s1 + x1*s1 + x1**2)**200") == pytest.approx(3.0**200, rel=1e-12)


def test_a_power_of_a_definition_is_not_multiplied_out():
    """Written out, 1 + F**30 of this F would have 5e7 terms."""
    f = " + ".join(f"x1**{power}*s1" for power in range(12))
    made = ParametricIntegral.from_expression(
        name="hostile", expression="1/(1 + F**30)", definitions={"F": f}, variables=("x1",), parameters=("s1",),
        low=(1.0,), high=(2.0,),
    )  # fmt: skip
    assert [str(name) for name in made.expression.polynomials] == ["F"]
    s, x = np.full((1, 1), 1.5), np.full((1, 1), 0.5)
    np.testing.assert_allclose(made.at_nodes(x)(s), 1 / (1 + (1.5 * sum(0.5**p for p in range(12))) ** 30), rtol=1e-12)
