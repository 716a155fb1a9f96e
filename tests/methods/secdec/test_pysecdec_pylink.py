"""pySecDec's compiled integrators, Cuba and QMC: values, errors, counts, and processes that end when they should."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import numpy as np
import psutil
import pytest
from integrals import plain

from methods.base import InputError, ParametricIntegral
from methods.core import build_cache
from methods.pysecdec_cuba import PySecDecCuba
from methods.pysecdec_qmc_pylink import PySecDecQMCPylink
from methods.secdec import library as pysecdec_library
from methods.secdec import pylink

ROOT = Path(__file__).resolve().parents[3]

built = [
    pytest.mark.pysecdec,
    pytest.mark.slow,  # the library takes a minute; tests/methods/test_methods.py has quick ones
    pytest.mark.skipif(bool(pysecdec_library.unavailable()), reason=str(pysecdec_library.unavailable())),
]

INTEGRATORS = ["vegas", "suave", "divonne", "cuhre"]


def closed_form(s):
    return (1 - np.exp(-s[:, 0])) / s[:, 0] * ((1 + s[:, 1]) * np.log(1 + s[:, 1]) - s[:, 1] * np.log(s[:, 1]) - 1)


# One library for all tests, as it takes a minute of one core. The integrand calls exp once, so calls can be counted,
# and is not a number for x2 < -s2.
INTEGRAL = ParametricIntegral.from_expression(
    name="exponential", expression="exp(-s1*x1)*log(F)", definitions={"F": "s2 + x2"}, variables=("x1", "x2"),
    parameters=("s1", "s2"), low=(1.0, -1.0), high=(2.0, 2.0), exact=closed_form,
)  # fmt: skip
S = np.column_stack([np.linspace(1, 2, 5), np.linspace(1.1, 2, 5)])


def make(name, **fields):
    """Return a method, unfitted; compiled without optimisation, which takes half the time."""
    fields = {"timeout": 60, "cxxflags": "-O0", **fields}
    if name == "qmc":
        return PySecDecQMCPylink(**{"epsrel": 1e-6, **fields})
    return PySecDecCuba(integrator=name, **fields)


@pytest.fixture(scope="module", params=[*INTEGRATORS, "qmc"])
def method(request):
    yield (made := make(request.param).fit(INTEGRAL))
    made.close()


def fitted_with_process(method):
    """Fit a method; return it and the process that it has started."""
    before = set(psutil.Process().children())
    method.fit(INTEGRAL)
    (process,) = set(psutil.Process().children()) - before
    return method, process


COUNTER = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
static long *count; static double (*real)(double);
__attribute__((constructor)) static void start(void) {
  count = mmap(0, 8, PROT_READ | PROT_WRITE, MAP_SHARED, open(getenv("EXP_COUNT"), O_RDWR), 0);
  real = (double (*)(double))dlsym(RTLD_NEXT, "exp");
}
double exp(double x) { __atomic_add_fetch(count, 1, __ATOMIC_RELAXED); return real(x); }
"""


@pytest.fixture
def calls_of_exp(tmp_path, monkeypatch):
    """Return a function that says how often the processes started from now on have called exp."""
    counter, source, library = tmp_path / "count", tmp_path / "count.c", tmp_path / "count.so"
    counter.write_bytes(bytes(8))
    source.write_text(COUNTER)
    command = [*build_cache.compiler(), "-x", "c", "-shared", "-fPIC", "-O1", str(source), "-o", str(library)]
    subprocess.run([*command, "-ldl"], check=True)
    monkeypatch.setenv("EXP_COUNT", str(counter))
    monkeypatch.setenv("LD_PRELOAD", str(library))
    return lambda: int.from_bytes(counter.read_bytes(), sys.byteorder)


class TestValues:
    pytestmark = built

    def test_within_the_stated_error(self, method):
        value, error, _ = method.integrate(S)
        exact = INTEGRAL.exact(S)
        assert np.all(np.abs(value - exact) < 5 * error)
        assert np.all((error > 0) & (error <= method.epsrel * np.abs(value)))

    @pytest.mark.parametrize("name", [*INTEGRATORS, "qmc"])
    def test_every_evaluation_is_counted(self, calls_of_exp, name):
        method = make(name).fit(INTEGRAL)
        before = calls_of_exp()
        n_eval = method.integrate(S).n_eval
        assert n_eval > 1000 * len(S)
        # Cuba calls exp once per integration for its own sake, to turn a χ² into a probability.
        assert 0 <= calls_of_exp() - before - n_eval <= len(S)
        method.close()

    def test_results_repeat(self, method):
        value, error, n_eval = method.integrate(S)
        again = method.integrate(S[::-1])
        np.testing.assert_array_equal(again.value[::-1], value)
        np.testing.assert_array_equal(again.error[::-1], error)
        assert again.n_eval == n_eval

    @pytest.mark.parametrize("name", ["cuhre", "qmc"])
    def test_what_is_written_down(self, name):
        method = make(name).fit(INTEGRAL)
        start = time.perf_counter()
        method.integrate(S)
        wall = time.perf_counter() - start  # more than what is told by however long this process was kept waiting
        method.close()
        details = json.loads(json.dumps(method.details_))
        assert min(method.setup_s_["generate"], method.setup_s_["compile"]) > 0.1
        assert details["kernel_s_per_integral"] > 0
        assert details["dispatch_s_per_integral"] > 0
        total = details["kernel_s_per_integral"] + details["dispatch_s_per_integral"]
        assert 0 < len(S) * total <= wall


class TestSeeds:
    pytestmark = built

    @pytest.mark.parametrize(
        ("fields", "identical"),
        [
            ({"name": "vegas"}, True),
            ({"name": "vegas", "sobol": False}, False),
            ({"name": "suave", "sobol": False}, False),
            ({"name": "divonne", "sobol": False}, True),
            ({"name": "divonne", "sobol": False, "key1": -2000}, False),
            ({"name": "cuhre", "sobol": False}, True),
        ],
    )
    def test_cuba_says_whether_repeats_are_identical(self, fields, identical):
        runs = [make(**fields, seed=seed, epsrel=0.01).fit(INTEGRAL) for seed in (0, 1)]
        first, second = (run.integrate(S[:1]).value for run in runs)
        assert np.array_equal(first, second) == identical == runs[0].details_["identical_repeats"]
        for run in runs:
            run.close()

    def test_qmc_shifts_anew(self):
        runs = [make("qmc", seed=seed, epsrel=1.0).fit(INTEGRAL) for seed in (0, 1)]
        estimates = [run.integrate(S) for run in runs]
        assert not np.any(estimates[0].value == estimates[1].value)
        assert estimates[0].n_eval == len(S) * 8 * 1021
        assert not runs[0].details_["identical_repeats"]
        for run in runs:
            run.close()


class TestProcess:
    pytestmark = built

    def test_a_transform_that_was_not_generated_aborts_it(self):
        library = pysecdec_library.build(
            INTEGRAL.expression, cxxflags="-O0", jobs=1, form="pylink", transforms=("korobov3x3",)
        )
        wrong = {"transform": "baker", "minn": 1021, "minm": 8}
        with pytest.raises(RuntimeError, match=r"SIGABRT while loading; its last words: .*transform"):
            pylink.Process(library.specification, "use_Qmc", wrong, {}, 0, 60.0, lambda step: step.size)

    @pytest.mark.parametrize("name", ["cuhre", "qmc"])
    def test_one_that_dies_is_an_error_and_then_replaced(self, name):
        method, process = fitted_with_process(make(name))
        expected = method.integrate(S[:1]).value
        process.send_signal(signal.SIGSEGV)
        with pytest.raises(RuntimeError, match="SIGSEGV at s = "):
            method.integrate(S[:1])
        np.testing.assert_array_equal(method.integrate(S[:1]).value, expected)
        method.close()

    def test_an_abort_is_an_error_in_the_librarys_words(self, method):
        with pytest.raises(
            RuntimeError, match=r"SIGABRT at s = \[1\.0, -0\.5\]; its last words: .*log\(<negative real>\)"
        ):
            method.integrate(np.array([[1.0, -0.5]]))
        assert np.isfinite(method.integrate(S[:1]).value).all()

    def test_too_slow_is_an_error(self):
        method, process = fitted_with_process(make("vegas", epsrel=1e-12, maxeval=10**9, timeout=0.5, workers=2))
        with pytest.raises(RuntimeError, match=r"no answer within 0\.5 s"):
            method.integrate(S[:1])
        assert not process.is_running()

    def test_it_ends_with_the_method(self):
        method, process = fitted_with_process(make("vegas"))
        del method
        gc.collect()
        _, left = psutil.wait_procs([process], timeout=5)
        assert not left

    def test_it_dies_with_a_killed_parent_while_busy(self):
        code = (
            "from test_pysecdec_pylink import INTEGRAL, S, make\n"
            "method = make('vegas', workers=2, maxeval=10**9, mineval=10**9).fit(INTEGRAL)\n"
            "print('ready', flush=True); method.integrate(S[:1])"
        )
        folders = (ROOT, ROOT / "tests/helpers", Path(__file__).parent)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))}
        with subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE) as parent:
            assert parent.stdout.readline() == b"ready\n"
            time.sleep(1)
            processes = psutil.Process(parent.pid).children(recursive=True)
            parent.kill()
        _, left = psutil.wait_procs(processes, timeout=3)
        for process in left:
            process.kill()
        assert len(processes) == 3
        assert not left


ALWAYS_ANSWERS = """
import json, sys
for line in sys.stdin:
    print(json.dumps({{"series": " + ({value} +/- {error}) + O(lmeps)"}}), flush=True)
"""
"""A program in place of `methods.secdec.server`."""


@pytest.fixture
def answering(tmp_path, monkeypatch):
    """Return a function that starts a process which always answers with a value and an error."""

    def start(value, error):
        program = tmp_path / "program.py"
        program.write_text(ALWAYS_ANSWERS.format(value=value, error=error))
        monkeypatch.setattr(pylink, "server", types.SimpleNamespace(__file__=str(program)))
        return pylink.Process(Path("none"), "use_Vegas", {}, {}, 0, 60.0, lambda step: step.size)

    return start


def test_not_a_number_is_an_error(answering):
    process = answering("(nan,0.0e+00)", "(nan,0.0e+00)")
    with pytest.raises(RuntimeError, match=r"not a number at s = \[1\.0\]"):
        process.evaluate(np.ones(1))
    assert not process.alive


def test_both_parts_are_read(answering):
    process = answering("(1.5e+00,-2.0e-01)", "(3.0e-05,4.0e-05)")
    answer = process.evaluate(np.ones(1))
    assert answer.value == 1.5 - 0.2j
    assert answer.error == pytest.approx(5e-5)
    process.close()


class TestRefusals:
    @pytest.mark.parametrize("method", [PySecDecCuba(), PySecDecQMCPylink()])
    def test_plain_python(self, method):
        with pytest.raises(InputError, match="from_expression"):
            method.fit(plain(2))

    @pytest.mark.parametrize(
        ("method", "message"),
        [
            (PySecDecCuba(integrator="monte"), "known: vegas, suave, divonne, cuhre"),
            (PySecDecCuba(maxeval=100), "maxeval = 100; give at least 10000"),
            (PySecDecCuba(workers=0), "workers = 0"),
            (PySecDecCuba(epsrel=float("nan")), "epsrel"),
            (PySecDecQMCPylink(transform="korobov7"), "transform = 'korobov7'"),
            (PySecDecQMCPylink(generating_vectors="mine"), "known: default, cbcpt"),
            (PySecDecQMCPylink(shifts=1), "shifts = 1"),
        ],
    )
    def test_fields(self, method, message):
        with pytest.raises(InputError, match=message):
            method.fit(INTEGRAL)
