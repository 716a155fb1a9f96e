"""pySecDec's contour deformation: what it is told, values of both parts, and contours that fail its checks of signs."""

from __future__ import annotations

import math
import types

import numpy as np
import pytest

import methods
import references
from methods.base import InputError, ParametricIntegral
from methods.secdec import disteval, formulas, library
from references.values import dispersion

in_depth = [
    pytest.mark.pysecdec,
    pytest.mark.slow,
    pytest.mark.skipif(bool(library.unavailable()), reason=str(library.unavailable())),
]

S = np.array([[0.1], [0.37], [0.9]])
POWER = 5


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOPMARK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def formula(expression, prescription="F", exact=None, **definitions):
    """Return an integral over x, for s in the cube, with F = x - s unless told otherwise."""
    return ParametricIntegral.from_expression(
        name="formula", expression=expression, definitions={"F": "x - s", **definitions}, variables=("x",),
        parameters=("s",), low=(0.1,), high=(0.9,), prescription=prescription, exact=exact,
    )  # fmt: skip


def pole(s):
    """Compute ∫ dx/(x - s - i0)."""
    return np.log((1 - s[:, 0]) / s[:, 0]) + 1j * np.pi


def root(s):
    """Compute ∫ dx/√(x - s - i0)."""
    return 2 * np.sqrt(1 - s[:, 0]) + 2j * np.sqrt(s[:, 0])


def weighted(s):
    """Compute ∫ x dx/((x - s - i0) (1 + x)²)."""
    s = s[:, 0]
    # x/((x - s)(1 + x)²) = a/(x - s) - a/(1 + x) + b/(1 + x)², since it falls as 1/x².
    a, b = s / (1 + s) ** 2, 1 / (1 + s)
    return a * pole(s[:, None]) - a * np.log(2) + b / 2


def steep(s):
    """Compute ∫ dx/(10 (x^5 - s - i0)) by partial fractions, of which that at the real pole has an imaginary part."""
    roots = s ** (1 / POWER) * np.exp(2j * np.pi * np.arange(POWER) / POWER)
    residues = 1 / (10 * POWER * roots ** (POWER - 1))
    logarithms = np.log(1 - 1 / roots[:, 1:])
    return residues[:, 0] * pole(roots[:, :1].real) + (residues[:, 1:] * logarithms).sum(axis=1)


def estimate(name, integral, s, **fields):
    method = methods.create(name, **fields).fit(integral)
    try:
        return method.integrate(s)
    finally:
        method.close()


def agrees(found, exact, *, within):
    """Tell whether both parts agree, within five stated errors (by modulus) and a relative error."""
    difference = np.abs(found.value - exact)
    return bool(np.all(difference < 5 * found.error) and np.all(difference < within * np.abs(exact)))


class TestWhatItIsTold:
    def test_the_prescribed_polynomial_is_deformed_and_other_denominators_stay_positive(self):
        integral = formula("(1 + x)*x/(F**2*U)", U="2 + x")
        (term,) = formulas.arguments(integral.expression, "F")
        factors = dict(zip(term["polynomial_names"], term["polynomials_to_decompose"], strict=True))
        assert factors[term["contour_deformation_polynomial"]] == "(-ls1 + lx1)**(-2)"
        assert [factors[name] for name in term["positive_polynomials"]] == ["(lx1 + 2)**(-1)"]

    def test_each_sector_has_its_own(self):
        integral = references.integral("box1l_sectors_physical")
        terms = formulas.arguments(integral.expression, integral.prescription)
        assert len(terms) == 4
        assert all(term["contour_deformation_polynomial"] == term["polynomial_names"][0] for term in terms)

    @pytest.mark.parametrize("name", ["bubble", "box1l_sum"])
    def test_real_integrals_are_not_deformed(self, name):
        for term in formulas.arguments(references.integral(name).expression):
            assert not {"polynomial_names", "contour_deformation_polynomial", "positive_polynomials"} & set(term)

    @pytest.mark.parametrize("name", ["pysecdec_qmc", "pysecdec_qmc_pylink", "pysecdec_cuba"])
    @pytest.mark.parametrize(
        ("expression", "reason"), [("log(F)/F", "not inside exp and log"), ("x*F", "negative or fractional power")]
    )
    def test_what_it_cannot_deform_is_refused(self, name, expression, reason):
        with pytest.raises(InputError, match=reason):
            methods.create(name).fit(formula(expression))


class TestValues:
    pytestmark = in_depth

    def test_a_pole(self):
        found = estimate("pysecdec_qmc", formula("1/F"), S, epsrel=1e-9, cxxflags="-O0")
        assert found.value.dtype == np.complex128
        assert found.error.dtype == np.float64
        assert agrees(found, pole(S), within=1e-9)
        assert np.all(found.error <= 1e-9 * np.abs(found.value))

    @pytest.mark.parametrize(
        ("integral", "exact"),
        [
            pytest.param(formula("1/sqrt(F)"), root, id="a fractional power"),
            pytest.param(formula("x/(F*U**2)", U="1 + x"), weighted, id="a positive polynomial"),
            pytest.param(formula("1/F", F=f"10*(x**{POWER} - s)"), steep, id="a high degree"),
        ],
    )
    def test_other_factors(self, integral, exact):
        assert agrees(estimate("pysecdec_qmc", integral, S, epsrel=1e-8), exact(S), within=1e-8)

    @pytest.mark.parametrize("name", ["bubble_physical", "triangle_physical"])
    def test_closed_forms_above_threshold(self, name):
        integral = references.integral(name)
        s = integral.sample(10, seed=0)
        assert agrees(estimate("pysecdec_qmc", integral, s, epsrel=1e-8), integral.exact(s), within=1e-8)

    @pytest.mark.parametrize("name", ["box1l_physical", "box1l_crossing", "box1l_sectors_physical"])
    def test_unitarity(self, name):
        integral = references.integral(name)
        s = integral.sample(5, seed=0)
        assert agrees(estimate("pysecdec_qmc", integral, s, epsrel=1e-6), dispersion.values(s), within=1e-5)

    def test_pylink_libraries(self):
        fields = {"epsrel": 1e-6, "cxxflags": "-O0", "timeout": 60}
        integral = formula("1/F")
        qmc = estimate("pysecdec_qmc_pylink", integral, S, **fields)
        cuba = estimate("pysecdec_cuba", integral, S, integrator="vegas", **fields | {"epsrel": 1e-3})
        assert agrees(qmc, pole(S), within=1e-6)
        assert agrees(cuba, pole(S), within=1e-2)


class Scheduler:
    """pySecDec's, with one worker that answers at once, and always that the value is not a number."""

    workers = (types.SimpleNamespace(name="worker"),)

    def call_cb(self, method, arguments, callback, callback_arguments):
        callback([[math.nan, math.nan], 1021, 1e-3], None, self.workers[0], *callback_arguments)


class TestSignChecks:
    @pytest.mark.parametrize("shrinkings", [0, 2])
    def test_a_contour_that_fails_is_made_smaller_so_many_times(self, shrinkings):
        passed_on, failures = [], []
        meter = disteval.Meter(scheduler := Scheduler(), shrinkings, failures.append)
        for _ in range(shrinkings + 1):
            assert not failures
            scheduler.call_cb("integrate", (1, 1021, 0, 1021), lambda *answer: passed_on.append(answer), ())
        assert len(passed_on) == shrinkings
        assert len(failures) == 1
        assert "not a number" in failures[0]
        assert meter.n_eval == 1021 * (shrinkings + 1)

    def test_each_kernel_has_a_contour_of_its_own(self):
        failures = []
        disteval.Meter(scheduler := Scheduler(), 1, failures.append)
        for kernel in (1, 2, 3):
            scheduler.call_cb("integrate", (kernel, 1021, 0, 1021), lambda *answer: None, ())
        assert not failures


class TestFailures:
    pytestmark = in_depth

    def test_a_denominator_that_is_negative(self):
        method = methods.create("pysecdec_qmc").fit(formula("1/(F*G)", G="x - 2"))
        for _ in range(2):
            with pytest.raises(RuntimeError, match=r"wrong sign.*100 smaller"):
                method.integrate(S)
        method.close()

    def test_a_timeout_does_not_disturb_the_next_point(self):
        integral = references.integral("bubble_physical")
        s = integral.sample(3, seed=0)
        found = estimate("pysecdec_qmc", integral, s, epsrel=1e-17, timeout=0.5, points=2**28)
        assert np.all(found.error == np.inf)
        found = estimate("pysecdec_qmc", integral, s, epsrel=1e-17, timeout=0.5)
        np.testing.assert_allclose(found.value, integral.exact(s), rtol=1e-12)
