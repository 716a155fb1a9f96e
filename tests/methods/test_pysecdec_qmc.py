"""pySecDec's QMC: values, stated errors, counts, the cache, and workers that end when they should."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import sympy
from integrals import plain, product

import methods
import references
from methods.base import InputError, ParametricIntegral
from methods.pysecdec_qmc import PySecDecQMC
from methods.secdec import formulas, library

ROOT = Path(__file__).resolve().parents[2]
box1l = references.integral("box1l")

needs_pysecdec = pytest.mark.skipif(bool(library.unavailable()), reason=str(library.unavailable()))
built = [pytest.mark.pysecdec, needs_pysecdec]
in_depth = [*built, pytest.mark.slow]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOPMARK_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def box(cache):
    method = PySecDecQMC().fit(box1l)
    yield method
    method.close()


def gauss(integral, s, order=40):
    """Tensor Gauss-Legendre, written here so that it shares nothing with what is tested."""
    t, w = np.polynomial.legendre.leggauss(order)
    x = np.stack(np.meshgrid(*[(t + 1) / 2] * integral.k, indexing="ij"), axis=-1).reshape(-1, integral.k)
    weights = np.prod(np.stack(np.meshgrid(*[w / 2] * integral.k, indexing="ij"), -1).reshape(-1, integral.k), axis=1)
    return np.array([integral.integrand(row, x) @ weights for row in s])


def workers_of(process=None):
    return [p for p in psutil.Process(process).children(recursive=True) if "pysecdec" in p.name()]


def formula(expression, *, definitions=None):
    return ParametricIntegral.from_expression(
        name="formula", expression=expression, definitions=definitions or {}, variables=("x1", "x2"),
        parameters=("s1", "s2"), low=(1.0, 1.0), high=(2.0, 2.0),
    )  # fmt: skip


def two_terms():
    """∫ 1/(D1 D2 D3)² + 2 x1/D1³ dx with Di = s1 + s2 xi: a term in three dimensions, and an easier one."""

    def exact(s):
        low, high = s[:, 0], s[:, 0] + s[:, 1]
        return 1 / (low * high) ** 3 + 1 / (low * high**2)

    definitions = {f"D{i}": f"s1 + s2*x{i}" for i in (1, 2, 3)}
    return ParametricIntegral.from_expression(
        name="two_terms", expression="1/(D1*D2*D3)**2 + 2*x1/D1**3", definitions=definitions,
        variables=("x1", "x2", "x3"), parameters=("s1", "s2"), low=(1.0, 1.0), high=(2.0, 2.0), exact=exact,
    )  # fmt: skip


class TestTerms:
    @pytest.mark.parametrize(
        ("expression", "terms"),
        [
            ("1/A**2", [("A**(-2)",)]),
            ("1 + x1", [("x1 + 1",)]),
            ("1/A**2 + 2*B*x1/B**4", [("A**(-2)",), ("B**(-3)", "x1", "2")]),
            ("1 + x1 + 1/A", [("x1 + 1",), ("A**(-1)",)]),
            ("x1/A + x2*B/A", [("A**(-1)", "x1 + x2*B")]),
            ("(1/A + x1)/B", [("A**(-1)", "B**(-1)", "1 + A*x1")]),
            ("exp(-x1) + log(A)/B", [("exp(-x1)",), ("log(A)", "B**(-1)")]),
        ],
    )
    def test_one_per_set_of_costly_factors(self, expression, terms):
        definitions = {"A": "s1 + s2*x1 + x2", "B": "s1 + s2*x1*x2"}
        given = formulas.arguments(formula(expression, definitions=definitions).expression)
        names = {"lx1": "x1", "lx2": "x2", "ls1": "s1", "ls2": "s2"}

        def read(text):
            return sympy.sympify(text).subs(names)

        found = {
            sympy.expand(read("*".join([*term["polynomials_to_decompose"], *term["other_polynomials"]])
            + f"*({term['remainder_expression']})")) for term in given
        }  # fmt: skip
        wanted = {
            sympy.expand(sympy.prod([sympy.sympify(factor).subs(definitions) for factor in term])) for term in terms
        }
        assert found == wanted

    def test_a_sum_of_thirty_products_takes_no_common_denominator(self):
        definitions = {f"F{i}": f"({i + 1} + x1 + s1*x2)**3 + s2*(x1 + {i + 2}*x2)**2" for i in range(30)}
        expression = " + ".join(f"x1/F{i}**3" for i in range(30))
        terms = formulas.arguments(formula(expression, definitions=definitions).expression)
        assert len(terms) == 30
        assert all(len(term["polynomials_to_decompose"]) == 1 for term in terms)


class TestValues:
    pytestmark = built

    def test_box1l_lies_within_five_stated_errors(self, box):
        s = box1l.sample(20, seed=1)
        truth = gauss(box1l, s)
        estimate = box.integrate(s)
        assert np.all(np.abs(estimate.value - truth) < 5 * estimate.error)
        # A stated error that says something: four digits and more, not hundreds of percent.
        assert np.all((estimate.error > 0) & (estimate.error < 1e-4 * truth))

    def test_a_tight_epsrel_is_reached(self, box):
        s = box1l.sample(5, seed=2)
        method = PySecDecQMC(epsrel=1e-10).fit(box1l)
        estimate = method.integrate(s)
        method.close()
        np.testing.assert_allclose(estimate.value, gauss(box1l, s, order=60), rtol=1e-9)
        assert np.all(estimate.error <= 1e-10 * estimate.value)

    def test_each_row_is_its_own_call(self, box):
        s = box1l.sample(4, seed=3)
        batch = box.integrate(s[::-1]).value[::-1]
        np.testing.assert_allclose(batch, [box.integrate(row[None]).value[0] for row in s], rtol=1e-14)

    def test_no_points(self, box):
        estimate = box.integrate(np.empty((0, 3)))
        assert estimate.value.shape == estimate.error.shape == (0,)
        assert estimate.n_eval == 0

    @pytest.mark.slow
    def test_product_of_two_polynomials_in_silence(self, cache, capfd):
        state, seeded = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
        integral = product(2)
        method = methods.create("pysecdec_qmc").fit(integral)
        s = integral.sample(5, seed=0)
        estimate = method.integrate(s)
        method.close()
        assert not method.details_["from_cache"]
        assert np.all(np.abs(estimate.value - integral.exact(s)) < 5 * estimate.error)
        assert capfd.readouterr() == ("", "")
        assert random.getstate() == state
        np.testing.assert_array_equal(np.random.get_state()[1], seeded)  # noqa: NPY002

    @pytest.mark.slow
    def test_all_kinds_of_factors_and_names_that_pysecdec_reserves(self, cache):
        # Numerator and denominator, a fraction's power, exp and log, π, and a sum of fractions, in eps, I and E.
        integral = ParametricIntegral.from_expression(
            name="mixed",
            expression="exp(-eps*x1)*log(1 + E)*sqrt(A)*(pi*B**2/A**2 + x1/B)",
            definitions={"A": "eps + x1*E", "B": "1 + I*x1 + E**2"},
            variables=("x1", "E"),
            parameters=("eps", "I"),
            low=(1.0, 1.0),
            high=(2.0, 2.0),
        )
        method = PySecDecQMC(epsrel=1e-9).fit(integral)
        s = integral.sample(3, seed=0)
        estimate = method.integrate(s)
        method.close()
        np.testing.assert_allclose(estimate.value, gauss(integral, s), rtol=1e-8)

    @pytest.mark.slow
    def test_a_sum_has_terms_of_their_own(self, cache):
        integral = two_terms()
        method = PySecDecQMC(epsrel=1e-10).fit(integral)
        s = integral.sample(5, seed=0)
        estimate = method.integrate(s)
        method.close()
        np.testing.assert_allclose(estimate.value, integral.exact(s), rtol=1e-9)
        # Each term has a kernel and a lattice of its own, of which only the harder one's was enlarged.
        assert estimate.n_eval > 2 * 5 * 8 * 1021
        assert estimate.n_eval < 2 * 5 * 8 * (1021 + method.details_["lattice_size_max"])
        assert PySecDecQMC().fit(integral).integrate(s).n_eval == 2 * 5 * 8 * 1021


class TestCounts:
    pytestmark = built

    def test_first_lattice(self, box):
        assert box.integrate(box1l.sample(3, seed=0)).n_eval == 3 * 8 * 1021
        assert box.details_["lattice_size_max"] == 1021

    def test_every_lattice_is_counted(self, box):
        method = PySecDecQMC(epsrel=1e-7, shifts=16, workers=2).fit(box1l)
        estimate = method.integrate(box1l.sample(1, seed=0))
        method.close()
        largest = method.details_["lattice_size_max"]
        assert largest > 1021
        assert estimate.n_eval == 16 * (1021 + largest)

    @pytest.mark.slow
    def test_kernel_and_dispatch_add_up_to_the_wall_time(self, cache):
        method = PySecDecQMC(points=100_000).fit(box1l)
        start = time.perf_counter()
        method.integrate(box1l.sample(3, seed=0))
        wall = time.perf_counter() - start  # more than what is told by however long this process was kept waiting
        method.close()
        kernel, dispatch = (method.details_[f"{part}_s_per_integral"] for part in ("kernel", "dispatch"))
        assert kernel > 0
        assert dispatch > 0
        assert 3 * (kernel + dispatch) <= wall


class TestLibrary:
    pytestmark = in_depth

    def test_paid_once(self, box):
        again = PySecDecQMC(shifts=4).fit(box1l)
        again.close()
        assert again.details_["from_cache"]
        assert again.setup_s_ == box.setup_s_
        assert min(box.setup_s_["generate"], box.setup_s_["compile"]) > 0.1
        assert json.loads(json.dumps(again.details_))["identical_repeats"]

    def test_a_failed_compilation_says_why_and_is_not_kept(self, cache):
        before = sorted((cache / "pysecdec").glob("*")) if (cache / "pysecdec").exists() else []
        method = PySecDecQMC(cxxflags="-fno-such-flag")
        with pytest.raises(InputError, match=r"compilation of the integrand failed.*fno-such-flag"):
            method.fit(product(1))
        assert sorted((cache / "pysecdec").glob("*")) == before

    def test_a_failed_generation_says_why(self, cache, monkeypatch):
        (term,) = formulas.arguments(product(1).expression)
        wrong = [term | {"decomposition_method": "no_such_method"}]
        monkeypatch.setattr(formulas, "arguments", lambda expression, prescription: wrong)
        with pytest.raises(InputError, match=r"generation of the integrand failed.*no_such_method"):
            PySecDecQMC().fit(product(1))

    def test_a_cache_that_cannot_be_written(self, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("LOOPMARK_CACHE", str(tmp_path / "file"))
        with pytest.raises(InputError, match="set LOOPMARK_CACHE"):
            PySecDecQMC().fit(product(1))

    def test_saved_and_loaded(self, box, tmp_path):
        s = box1l.sample(2, seed=0)
        box.save(tmp_path / "box.npz")
        loaded = PySecDecQMC.load(tmp_path / "box.npz", box1l)
        np.testing.assert_array_equal(loaded.integrate(s).value, box.integrate(s).value)
        loaded.close()


class TestWorkers:
    pytestmark = in_depth

    def test_they_end_with_the_method(self, box):
        before = set(workers_of())
        method = PySecDecQMC(workers=2).fit(box1l)
        started = set(workers_of()) - before
        assert len(started) == 2
        del method
        gc.collect()
        _, left = psutil.wait_procs(started, timeout=5)
        assert not left

    def test_they_die_with_a_killed_parent_while_busy(self, cache, box):
        # 10⁹ points are seconds of work, in which a worker does not look at its input.
        code = (
            "import references; box1l = references.integral('box1l'); from methods.pysecdec_qmc import PySecDecQMC\n"
            "method = PySecDecQMC(workers=2, points=1_000_000_000).fit(box1l)\n"
            "print('ready', flush=True); method.integrate(box1l.sample(1, 0))"
        )
        with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE) as parent:
            assert parent.stdout.readline() == b"ready\n"
            time.sleep(0.5)
            workers = workers_of(parent.pid)
            parent.kill()
        _, left = psutil.wait_procs(workers, timeout=2)
        for process in left:
            process.kill()
        assert len(workers) == 2
        assert not left

    def test_one_that_dies_is_an_error_and_then_replaced(self, box):
        before = set(workers_of())
        method = PySecDecQMC().fit(box1l)
        s = box1l.sample(1, seed=0)
        expected = method.integrate(s).value
        (worker,) = set(workers_of()) - before
        worker.kill()
        with pytest.raises(RuntimeError, match="a worker has stopped"):
            method.integrate(s)
        np.testing.assert_array_equal(method.integrate(s).value, expected)
        method.close()
        assert len(set(workers_of()) - before) == 0

    def test_the_program_ends_without_a_word(self, box):
        code = (
            "import references; box1l = references.integral('box1l'); from methods.pysecdec_qmc import PySecDecQMC\n"
            "method = PySecDecQMC(workers=2).fit(box1l); method.integrate(box1l.sample(1, 0))"
        )
        command = [sys.executable, "-W", "error", "-X", "dev", "-c", code]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    def test_a_timeout_returns_what_there_is_and_does_not_disturb_the_next_point(self, box):
        method = PySecDecQMC(epsrel=1e-15, timeout=0.5, workers=2).fit(box1l)
        s = box1l.sample(3, seed=0)
        estimate = method.integrate(s)
        method.close()
        assert np.all((estimate.error > 0) & (estimate.error < 1e-4 * estimate.value))
        np.testing.assert_allclose(estimate.value, gauss(box1l, s), rtol=1e-4)

    def test_not_a_number_is_an_error(self, cache):
        integral = formula("log(x1 - s1)")
        method = PySecDecQMC().fit(integral)
        with pytest.raises(RuntimeError, match="not a number"):
            method.integrate(integral.sample(1, seed=0))

    def test_under_a_running_event_loop(self, box):
        s = box1l.sample(1, seed=0)

        async def notebook():
            return box.integrate(s).value

        with asyncio.Runner() as runner:
            np.testing.assert_array_equal(runner.run(notebook()), box.integrate(s).value)


class TestRefusals:
    def test_plain_python(self):
        reason = PySecDecQMC().unsupported(plain(2))
        assert "from_expression" in reason
        with pytest.raises(InputError, match="from_expression"):
            PySecDecQMC().fit(plain(2))

    def test_functions_that_pysecdec_lacks(self):
        assert "sin" in PySecDecQMC().unsupported(formula("sin(x1*s1)"))

    @needs_pysecdec
    def test_no_compiler(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("CXX", raising=False)
        with pytest.raises(InputError, match=r"g\+\+ is not on the PATH.*install g\+\+ and make"):
            PySecDecQMC().fit(product(1))

    @needs_pysecdec
    def test_no_make(self, monkeypatch, tmp_path):
        (tmp_path / "g++").symlink_to(sys.executable)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("CXX", raising=False)
        assert "make is not on the PATH" in PySecDecQMC().unsupported(product(1))

    def test_no_pysecdec(self, monkeypatch):
        monkeypatch.setattr(sys, "path", [])
        assert "pip install loopmark[pysecdec]" in PySecDecQMC().unsupported(product(1))

    @pytest.mark.parametrize("fields", [{"shifts": 1}, {"workers": 0}, {"epsrel": 0.0}, {"epsrel": float("nan")}])
    def test_fields(self, fields):
        with pytest.raises(InputError, match=next(iter(fields))):
            PySecDecQMC(**fields).fit(product(1))


def test_importing_the_method_imports_no_pysecdec():
    code = "import sys, methods.pysecdec_qmc; sys.exit('pySecDec' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=os.environ, check=False).returncode == 0
