"""Time what is exported, value by value and in batches, beside other ways to evaluate the same fitted methods.

    python -m benchmarks.export_speed --insert                           the table of docs/export.md, in five minutes
    python -m benchmarks.export_speed --method chebyshev --method dense_mlp --integral box1l

For each method: the C++ header (compiled with -O3 -march=native), the ONNX graph by onnxruntime, `integrate`, and
torch, which computes `integrate` where there is no compiler (CXX names none, in a process of its own). Times are in
nanoseconds per value, on one thread; sizes in kB. A time is the best of many short series of calls, some of which no
other process interrupts on a machine with other work; each waits until no suite of this machine runs or times anything,
and they wait for its end. Written as Markdown to the standard output, and with --insert into docs/export.md. What fails
is a cell with its reason, and the exit status is 1 then.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.text_format import markdown_line

BATCH = 1024

FITS: dict[str, dict[str, Any]] = {
    "chebyshev": {"epsrel": 1e-7},
    "total_degree": {"max_labels": 2000},
    "tensor_train": {"max_labels": 4000},
    "neural_primitive": {"width": 500, "n_updates": 1},
    "dense_mlp": {"n_labels": 1000, "n_updates": 100, "width": 72},
    "skip_mlp": {"n_labels": 1000, "n_updates": 100, "width": 36},
    "deep_ensemble": {"n_labels": 1000, "n_updates": 100},
    "differential_mlp": {"n_labels": 500, "n_iterations": 50, "width": 64},
}
"""Fields that make each fit take seconds, by few labels and updates. What a value of a network costs depends on its
width, depth and replicas alone, and so is what it costs after a long fit; a table has fewer terms than after one."""

SIZES = {
    "neural_primitive": "{n_replicas} replicas",
    "dense_mlp": "{depth} layers of {width}",
    "skip_mlp": "{n_blocks} blocks of {width}",
    "deep_ensemble": "{n_replicas} of {depth} layers of {width}",
    "differential_mlp": "{depth} layers of {width}",
}
"""How large a network is, by fields of its method; other methods say how many terms they have."""

COLUMNS = ("method", "header, one and 1,024", "onnxruntime", "`integrate`", "torch", "header")

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "export.md"

COMMAND = "benchmarks.export_speed --insert"

REPEATS, SECONDS = 200, 0.002
"""How often a time is taken, and how long the calls of each take together."""

PROGRAM = """
#include <chrono>
#include <cstdio>
#include <vector>
#include "{name}.hpp"

template <class F> double best_ns(std::size_t values, F f) {{
  double best = 1e300;
  for (int repeat = 0; repeat < {repeats}; repeat++) {{
    const auto start = std::chrono::steady_clock::now();
    std::size_t calls = 0;
    double ns = 0;
    for (; ns < {seconds} * 1e9; calls++) {{
      f();
      ns = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
    }}
    best = ns / (calls * values) < best ? ns / (calls * values) : best;
  }}
  return best;
}}

int main() {{
  const std::size_t n = {n};
  std::vector<double> s(n * {m});
  if (std::fread(s.data(), 8, s.size(), stdin) != s.size()) return 1;
  std::vector<decltype({name}(s.data()))> value(n);
  volatile double kept = 0;
  const double one = best_ns(n, [&] {{
    for (std::size_t i = 0; i < n; i++) value[i] = {name}(&s[i * {m}]);
    kept = std::abs(value[0]);
  }});
  const double batch = best_ns(n, [&] {{
    {name}_batch(n, s.data(), value.data());
    kept = std::abs(value[0]);
  }});
  std::printf("%.17g %.17g\\n", one, batch);
}}
"""


class Row(NamedTuple):
    """The line of a method."""

    cells: tuple[str, ...]
    """One for each of COLUMNS."""
    seconds: tuple[float, ...] = ()
    """Processor time of compilers."""
    failed: bool = False


class Times(NamedTuple):
    """Nanoseconds per value."""

    one: float
    """Called with single points."""
    batch: float
    """Called with BATCH points."""

    def __str__(self) -> str:
        return f"{_rounded(self.one)}, {_rounded(self.batch)}"


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = parser()
    given = command.parse_args(arguments)
    import references
    from benchmarks.running import stopwatch
    from methods.base import InputError
    from methods.core.storage import StorageError

    stopwatch.limit_threads(1)  # before anything is timed; the fits, which are short, are on one thread, too
    try:
        if given.model is not None:
            print(*integrate_times(given.model))
            return 0
        integral = references.integral(given.integral)
    except (InputError, StorageError, OSError) as problem:
        command.error(str(problem))
    if given.insert and (given.method or given.integral != "box1l"):
        command.error("--insert is for the whole table, of all methods and box1l")
    if missing := what_is_missing():
        command.error(f"{missing} is needed for the measurement, and is not installed")
    try:
        return _measure(given.method or list(FITS), integral, given.insert)
    except InputError as problem:
        command.error(str(problem))


def what_is_missing() -> str | None:
    """Name a compiler or package that a row needs, and that is not here: a fit would be in vain."""
    from methods.core import build_cache

    if not build_cache.has_compiler():
        return f"the C++ compiler {build_cache.compiler()[0]!r} (CXX)"
    return next((f"the package {name}" for name in ("onnx", "onnxruntime") if not importlib.util.find_spec(name)), None)


def _measure(names: Sequence[str], integral: Any, insert: bool) -> int:
    """Print the rows of methods one after the other, and insert the table if asked for; 1 where one has failed."""
    from tqdm import tqdm

    from benchmarks.records import generated_part
    from methods.core import files

    lead = f"Nanoseconds per value of `{integral.name}` on one thread of {_rate():.0f} GFLOP/s:"
    print("\n".join([lead, "", *_heading()]), flush=True)
    rows = []
    with tqdm(names, disable=None, unit="method") as bar:
        for name in bar:
            bar.set_description(name)
            rows.append(_fitted_row(name, integral))
            tqdm.write(markdown_line(rows[-1].cells))
    print(closing(rows))
    if any(row.failed for row in rows):
        return 1
    if insert:
        table = "\n".join([lead, "", *_heading(), *(markdown_line(row.cells) for row in rows), closing(rows)])
        files.write_text(DOCUMENT, generated_part.insert(DOCUMENT.read_text(encoding="utf-8"), COMMAND, table))
        print(f"Written: {DOCUMENT}")
    return 0


def _fitted_row(name: str, integral: Any) -> Row:
    """Fit a method in a folder of its own, and measure it."""
    import methods
    from benchmarks.running import machine_lock

    with tempfile.TemporaryDirectory() as folder:
        try:
            with machine_lock.sharing(say=_say):
                method = methods.create(name, **FITS[name]).fit(integral)
        except Exception as problem:  # of whatever kind, it is this method's, and others are measured
            return Row((f"`{name}`", f"failed: {_reason(problem)}", *[""] * (len(COLUMNS) - 2)), failed=True)
        return row(method, Path(folder))


def closing(rows: Sequence[Row]) -> str:
    """Say below the table how long compilers take."""
    seconds = [value for row in rows for value in row.seconds]
    if not seconds:
        return ""
    return f"\nCompilers take {min(seconds):.0f} to {max(seconds):.0f} s for a header."


def _heading() -> list[str]:
    return [markdown_line(COLUMNS), markdown_line(["---"] * len(COLUMNS))]


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.export_speed", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    made.add_argument("--integral", default="box1l", help="name in the catalogue (default: box1l)")
    made.add_argument("--method", action="append", choices=FITS, help="default: all of these")
    made.add_argument("--insert", action="store_true", help="put the table into docs/export.md, too")
    made.add_argument("--model", help="only time `integrate` of this saved method, and print ns for one and a batch")
    return made


def row(method: Any, folder: Path) -> Row:
    """Measure a fitted method, and give its line of the table."""
    from methods.export.targets import export

    model, header, graph = folder / "model.loopmark", folder / "header.hpp", folder / "model.onnx"
    s = method.integral_.sample(BATCH, seed=1)
    seconds: list[float] = []

    def measure_header() -> Times:
        export(method, "cpp", header)
        found, compiling = header_times(folder, s)
        seconds.extend(compiling)
        return found

    def measure_graph() -> Times:
        export(method, "onnx", graph)
        return onnx_times(graph, s)

    def measure_saved() -> Times:
        method.save(model)
        return integrate_times(model)

    measurements = (measure_header, measure_graph, measure_saved, lambda: torch_times(model))
    cells, failures = zip(*map(_cell, measurements), strict=True)
    size = f"{header.stat().st_size / 1000:.0f} kB" if header.exists() else ""
    return Row((described(method), *cells, size), tuple(seconds), any(failures))


def described(method: Any) -> str:
    """Name a method, and how large it is."""
    if method.name in SIZES:
        return f"`{method.name}`, {SIZES[method.name].format_map(vars(method))}"
    coefficients = getattr(method, "coefficients_", None)
    return f"`{method.name}`" + ("" if coefficients is None else f", {len(coefficients):,} terms")


def _cell(measure: Callable[[], Times]) -> tuple[str, bool]:
    """Measure, and tell whether that has failed; the cell is the reason then."""
    try:
        return str(measure()), False
    except Exception as problem:  # of whatever kind, it is this cell's, and others are measured
        return f"failed: {_reason(problem)}", True


def _reason(problem: Exception) -> str:
    """Say in one line why a measurement failed: of a program, what it said last."""
    said = problem.stderr if isinstance(problem, subprocess.CalledProcessError) else None
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    lines = (text or str(problem)).strip().splitlines() or [type(problem).__name__]
    return lines[-1 if text else 0].replace("|", "/")


def header_times(folder: Path, s: Any) -> tuple[Times, list[float]]:
    """Compile `header.hpp` of a folder with -O2 and with -O3, and time the latter at s (n, m); seconds of both."""
    from benchmarks.running import machine_lock
    from methods.core import build_cache

    text = PROGRAM.format(name="header", n=len(s), m=s.shape[1], repeats=REPEATS, seconds=SECONDS)
    (folder / "speed.cpp").write_text(text, encoding="utf-8")
    seconds = []
    for flags in (["-O2"], ["-O3", "-march=native"]):
        start = _seconds_of_children()
        command = [*build_cache.compiler(), "-std=c++17", *flags, "speed.cpp", "-o", "speed"]
        with machine_lock.sharing(say=_say):
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        seconds.append(_seconds_of_children() - start)
    with machine_lock.alone(say=_say):
        done = subprocess.run([folder / "speed"], input=s.tobytes(), capture_output=True, check=True)
    return Times(*map(float, done.stdout.split())), seconds


def onnx_times(path: Path, s: Any) -> Times:
    """Time an ONNX graph by onnxruntime, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return times(lambda points: session.run(["value"], {"s": points}), s)


def integrate_times(model: str | Path) -> Times:
    """Time `integrate` of a saved method, on the threads of this process: one, as `main` has it."""
    import methods

    method = methods.load(model)
    return times(method.integrate, method.integral_.sample(BATCH, seed=1))


def torch_times(model: Path) -> Times:
    """Time `integrate` of a saved method in a process that finds no compiler, so that torch computes."""
    command = [sys.executable, "-m", "benchmarks.export_speed", "--model", str(model)]
    done = subprocess.run(command, env=os.environ | {"CXX": "no-compiler"}, capture_output=True, check=True, text=True)
    return Times(*map(float, done.stdout.split()))


def times(call: Callable[[Any], Any], s: Any) -> Times:
    """Time a call with the first of the points s (n, m), and with all of them."""
    return Times(*(_best(lambda points=points: call(points)) / len(points) for points in (s[:1], s)))


def _best(call: Callable[[], Any]) -> float:
    """Return the nanoseconds of a call, the best of several series of calls, alone on the machine."""
    from benchmarks.running import machine_lock

    with machine_lock.alone(say=_say):
        call()
        once = timeit.timeit(call, number=1)
        number = max(1, int(SECONDS / max(once, 1e-7)))
        return 1e9 * min(timeit.repeat(call, number=number, repeat=REPEATS)) / number


def _say(sentence: str) -> None:
    """Print whom this command waits for."""
    print(sentence, file=sys.stderr, flush=True)


def _seconds_of_children() -> float:
    """Return the processor time of the programs that have ended."""
    return os.times().children_user + os.times().children_system


def _rounded(ns: float) -> str:
    """Write a time with three digits."""
    return f"{float(f'{ns:.3g}'):,.0f}"


def _rate() -> float:
    """Measure GFLOP/s of a product of matrices in float64 on the threads of this process, the best of several."""
    import numpy as np

    a = np.ones((512, 512))
    return 2 * 512**3 / _best(lambda: a @ a)


if __name__ == "__main__":
    sys.exit(main())
