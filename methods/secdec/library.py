"""pySecDec libraries: generated from an integral's symbols, compiled once, and kept in a cache.

Each term of the integrand (see `formulas.py`) is an integral of its own, and pySecDec's `sum_package` their sum,
all with coefficient 1. The region is the unit cube (decomposition `iterative_no_primary`), the expansion in its
regulator stops at order 0. There is contour deformation where the integral has a prescription, and only there. `make`
then runs FORM and the C++ compiler.

A library has one of two forms: "disteval" (programs for pySecDec's workers) or "pylink" (one shared object for
Cuba and the QMC library of pySecDec, in which the QMC's transforms must be named beforehand).

Libraries are kept by `methods/core/build_cache.py`, with hashes of their files (`entry_hashes.py`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from methods.base import InputError, ParametricIntegral
from methods.core import build_cache
from methods.core.expression import Expression
from methods.secdec import entry_hashes, formulas

NAME = "loopmark"
"""C++ namespace of every library; the folder in the cache tells them apart."""

_GENERATE = """
import json, sys
from pySecDec.code_writer import MakePackage, sum_package
given = json.load(sys.stdin)
terms = [MakePackage(**term) for term in given.pop("terms")]
sum_package(package_generators=terms, **given)
"""
"""Run in a process of its own: it writes to the working directory, prints, and may start a process pool."""


_TOGETHER = "-Dintegral_need_complex=1"
"""Lets Cuba treat the real and imaginary parts of a pylink library's sum, which is complex, together (pylink.hpp)."""


@dataclasses.dataclass(frozen=True)
class Library:
    """A compiled library."""

    specification: Path
    """File that pySecDec's DistevalLibrary or IntegralLibrary opens."""
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
    for program in (build_cache.compiler()[0], "make"):
        if shutil.which(program) is None:
            return f"{program} is not on the PATH, and pySecDec compiles its integrands; install g++ and make."
    return None


def unsupported(integral: ParametricIntegral) -> str | None:
    """Return why there can be no library of an integral, or None where there can."""
    if integral.expression is None:
        return "pySecDec generates code from a formula; make the integral by ParametricIntegral.from_expression."
    try:
        formulas.arguments(integral.expression, integral.prescription)
    except InputError as problem:
        return str(problem)
    return unavailable()


def build(
    expression: Expression, prescription: str | None = None, *, cxxflags: str, jobs: int, form: str = "disteval",
    transforms: tuple[str, ...] = (),
) -> Library:  # fmt: skip
    """Return the compiled library of an integrand: from the cache, or made now by `jobs` processes.

    An entry of the cache whose files are not those that were put there is made again.

    Parameters
    ----------
    expression : Expression
        The integrand.
    prescription : str, optional
        Name of the polynomial for which the contour is deformed; None for a real integral.
    cxxflags : str
        Further flags of the C++ compiler.
    jobs : int
        How many processes generate and compile; libraries made by another number are not taken from the cache, since
        their seconds are not those of this one.
    form : str
        "disteval" or "pylink".
    transforms : tuple of str
        What a pylink library's QMC is to offer, e.g. "korobov3x3"; asked for another, it would abort its process.

    Raises
    ------
    InputError
        Where the cache cannot be written, or generation or compilation fails; the message ends in their last words.
    """
    wanted = {"form": form, "transforms": transforms, "terms": formulas.arguments(expression, prescription)}
    cache = build_cache.folder("pysecdec")
    entry = cache / _key(wanted, cxxflags, jobs)
    if entry_hashes.is_intact(entry):
        return _opened(entry, wanted, from_cache=True)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="building-", dir=cache) as folder:
            ready = generate_and_compile(wanted, Path(folder), cxxflags, jobs)
            entry_hashes.write(ready)
            if not entry_hashes.is_intact(entry):
                entry_hashes.remove(entry, Path(folder) / "damaged")
            build_cache.publish(ready, entry)
    except OSError as problem:
        raise InputError(
            f"The cache folder {cache} cannot be used ({problem}); set LOOPMARK_CACHE to one that can be written."
        ) from problem
    return _opened(entry, wanted, from_cache=False)


def _key(wanted: dict[str, Any], cxxflags: str, jobs: int) -> str:
    """Hash all that decides what the compiled code is and how long it took to make.

    These are symbols, version, compiler, its flags, the processor, and the number of jobs.
    """
    parts = [wanted, version(), build_cache.compiler(), cxxflags, _TOGETHER, *build_cache.processor(), jobs]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def generate_and_compile(wanted: dict[str, Any], folder: Path, cxxflags: str, jobs: int) -> Path:
    """Make a library in an empty `folder`.

    Parameters
    ----------
    wanted : dict
        Form, transforms and terms, as `build` puts them together.
    folder : Path
        Where to work.
    cxxflags, jobs
        As of `build`.

    Returns
    -------
    Path
        The subfolder that is worth keeping.

    Raises
    ------
    InputError
        Where generation or compilation fails.
    """
    start = time.perf_counter()
    terms = wanted["terms"]
    package = {
        "name": NAME,
        # One process for the terms of an integral: with more, pySecDec generates the terms of the sum side by side.
        "terms": [{**term, "name": _term_name(i), "processes": 1} for i, term in enumerate(terms)],
        "processes": min(jobs, len(terms)),
        "pylink_qmc_transforms": wanted["transforms"],
        **{key: terms[0][key] for key in ("regulators", "requested_orders", "real_parameters")},
    }
    _run("generation", [sys.executable, "-c", _GENERATE], folder, json.dumps(package))
    generated = time.perf_counter()
    _run("compilation", ["make", f"-j{jobs}", wanted["form"], f"CXXFLAGS={cxxflags} {_TOGETHER}"], folder / NAME)
    seconds = {"generate": generated - start, "compile": time.perf_counter() - generated}
    ready = folder / NAME / "disteval"
    if wanted["form"] == "pylink":
        ready = folder / "pylink"
        ready.mkdir()
        for part in (f"{NAME}_pylink.so", f"{NAME}_data"):
            (folder / NAME / part).rename(ready / part)
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


def _opened(entry: Path, wanted: dict[str, Any], *, from_cache: bool) -> Library:
    """Return the library of an entry, noted in `build_cache.BUILDS`."""
    # The specification of a single term itself: the sum around it only adds a coefficient of 1 per call.
    single = len(wanted["terms"]) == 1
    disteval = f"{_term_name(0)}.json" if single else f"{NAME}.json"
    specification = entry / (disteval if wanted["form"] == "disteval" else f"{NAME}_pylink.so")
    seconds = json.loads((entry / "setup.json").read_text())
    build_cache.note(build_cache.Build(f"pysecdec {wanted['form']} {entry.name}", seconds, from_cache))
    return Library(specification, seconds, from_cache)


def _term_name(index: int) -> str:
    return f"{NAME}_term{index}"
