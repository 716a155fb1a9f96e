"""pySecDec libraries: generated from an integral's symbols, compiled once, and kept in a cache.

    f(s, x) = c · Π_a P_a(s, x)^n_a · Π_b Q_b(s, x)^−β_b · g(s, x)

pySecDec's `make_package` takes the factors Q_b with negative or fractional powers as `polynomials_to_decompose`, those
with positive whole powers P_a as `other_polynomials`, what is no power of a polynomial g (exp, log, …) as
`remainder_expression`. The region is the unit cube (decomposition `iterative_no_primary`), the expansion in its
regulator stops at order 0, there is no contour deformation. `make disteval` then runs FORM and the C++ compiler.

The cache lies where `LOOPMARK_CACHE` says, else in the user's cache folder. An entry appears by a rename once it is
complete, so processes may race and a failed build leaves nothing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import platformdirs
import sympy

from methods.base import InputError
from methods.expression import Expression

NAME = "loopmark"
"""C++ namespace of every library; the folder in the cache tells them apart."""

_GENERATE = "import json, sys, pySecDec; pySecDec.make_package(**json.load(sys.stdin))"
"""Run in a process of its own: make_package writes to the working directory, prints, and starts a process pool."""

_KNOWN = (sympy.exp, sympy.log)
"""Functions that pySecDec's generated C++ has, besides powers (common_cpu.h of 1.6.6)."""


@dataclasses.dataclass(frozen=True)
class Library:
    """A compiled library."""

    specification: Path
    """What DistevalLibrary opens."""
    setup_s: dict[str, float]
    """Seconds that generation and compilation took when it was made, as `generate` and `compile`."""
    from_cache: bool
    """Whether these seconds were spent earlier."""


def version() -> str | None:
    """Return pySecDec's version, or None where it is not installed."""
    try:
        return importlib.metadata.version("pysecdec")
    except importlib.metadata.PackageNotFoundError:
        return None


def unavailable() -> str | None:
    """Return why libraries cannot be made on this machine, or None where they can."""
    if version() is None:
        return "pySecDec is not installed; run `pip install loopmark[pysecdec]`."
    for program in (_compiler()[0], "make"):
        if shutil.which(program) is None:
            return f"{program} is not on the PATH, and pySecDec compiles its integrands; install g++ and make."
    return None


def arguments(expression: Expression) -> dict[str, Any]:
    """Translate an integrand into the arguments of pySecDec's `make_package`, all plain JSON values.

    Raises
    ------
    InputError
        Where the integrand holds a function that pySecDec cannot compile.
    """
    # Names of our own: a parameter called eps, E or gamma would mean something else to pySecDec.
    x = {old: sympy.Symbol(f"lx{i + 1}") for i, old in enumerate(expression.variables)}
    s = {old: sympy.Symbol(f"ls{j + 1}") for j, old in enumerate(expression.parameters)}
    names = [*x, *s, *expression.polynomials]

    def renamed(part: sympy.Expr) -> sympy.Expr:
        return part.subs(expression.polynomials).xreplace({**x, **s})

    decompose: list[str] = []
    other: list[str] = []
    remainder = sympy.Integer(1)
    # One fraction: make_package takes products, and a sum of fractions has a common denominator.
    for factor in sympy.Mul.make_args(sympy.together(expression.outer)):
        base, power = factor.args if factor.is_Pow else (factor, sympy.Integer(1))
        if not (power.is_Rational and base.is_polynomial(*names)):
            remainder *= renamed(factor)
            continue
        text = f"({_rational(renamed(base), [*x.values(), *s.values()])})**({power})"
        (other if power.is_Integer and power > 0 else decompose).append(text)
    if foreign := {type(f).__name__ for f in remainder.atoms(sympy.Function) if not isinstance(f, _KNOWN)}:
        raise InputError(
            f"pySecDec cannot compile {', '.join(sorted(foreign))}; powers, exp and log are what it has, "
            f"so take another method for this integral."
        )
    return {
        "name": NAME,
        "integration_variables": [str(v) for v in x.values()],
        "regulators": ["lmeps"],
        "requested_orders": [0],
        "polynomials_to_decompose": decompose or ["1"],
        "other_polynomials": other,
        "remainder_expression": str(remainder),
        "real_parameters": [str(v) for v in s.values()],
        "decomposition_method": "iterative_no_primary",
    }


def build(expression: Expression, *, cxxflags: str, jobs: int) -> Library:
    """Return the compiled library of an integrand: from the cache, or made now by `jobs` processes.

    Raises
    ------
    InputError
        Where the cache cannot be written, or generation or compilation fails; the message ends in their last words.
    """
    wanted = {**arguments(expression), "processes": jobs}
    cache = Path(os.environ.get("LOOPMARK_CACHE") or platformdirs.user_cache_dir("loopmark")) / "pysecdec"
    entry = cache / _key(wanted, cxxflags)
    if entry.is_dir():
        return _read(entry, from_cache=True)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="building-", dir=cache) as folder:
            _publish(_make(wanted, Path(folder), cxxflags), entry)
    except OSError as problem:
        raise InputError(
            f"The cache folder {cache} cannot be used ({problem}); set LOOPMARK_CACHE to one that can be written."
        ) from problem
    return _read(entry, from_cache=False)


def _rational(polynomial: sympy.Expr, symbols: list[sympy.Symbol]) -> str:
    """Write a polynomial with rational coefficients, as FORM wants them; π, √2, … become their nearest doubles."""
    terms = sympy.Poly(polynomial, *symbols).as_dict()
    exact = {powers: c if c.is_Rational else sympy.Rational(float(c)) for powers, c in terms.items()}
    return str(sympy.Poly(exact, *symbols).as_expr())


def _compiler() -> list[str]:
    return shlex.split(os.environ.get("CXX", "")) or ["g++"]


def _key(wanted: dict[str, Any], cxxflags: str) -> str:
    """Hash all that decides what the compiled code is: symbols, version, compiler, its flags, and the processor."""
    parts = [{**wanted, "processes": None}, version(), _compiler(), cxxflags, platform.machine(), _processor()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _processor() -> str:
    """Return the instruction sets of this processor: code for another one would crash here."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())


def _make(wanted: dict[str, Any], folder: Path, cxxflags: str) -> Path:
    """Generate and compile in `folder`; return the subfolder that is worth keeping."""
    start = time.perf_counter()
    _run("generation", [sys.executable, "-c", _GENERATE], folder, json.dumps(wanted))
    generated = time.perf_counter()
    make = ["make", f"-j{wanted['processes']}", "disteval", f"CXXFLAGS={cxxflags}"]
    _run("compilation", make, folder / NAME)
    seconds = {"generate": generated - start, "compile": time.perf_counter() - generated}
    ready = folder / NAME / "disteval"
    (ready / "setup.json").write_text(json.dumps(seconds))
    return ready


def _run(step: str, command: list[str], folder: Path, text: str = "") -> None:
    # Started from a Makefile, make would look for the jobs of that one.
    environment = {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}}
    done = subprocess.run(
        command, cwd=folder, env=environment, input=text, text=True, errors="replace",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    if done.returncode:
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        words = [line for line in lines if "error" in line.lower()] or lines or [f"exit status {done.returncode}"]
        raise InputError(f"pySecDec's {step} of the integrand failed: {' | '.join(words[-4:])}")


def _publish(ready: Path, entry: Path) -> None:
    try:
        ready.rename(entry)
    except OSError:
        # Another process was faster, and its library is as good; anything else is a problem of the folder.
        if not entry.is_dir():
            raise


def _read(entry: Path, *, from_cache: bool) -> Library:
    # The specification of the integral itself: the one of the sum around it only adds a coefficient of 1 per call.
    specification = entry / f"{NAME}_integral.json"
    return Library(specification, json.loads((entry / "setup.json").read_text()), from_cache)
