"""Measure everything that needs a GPU, within --seconds; what is finished is not measured again.

    python -m benchmarks.gpu --prepare carried                          fits the methods to be timed; on any machine
    python -B -m benchmarks.gpu --seconds 480 --carried carried --out reports/local/gpu/cuda
    python -m benchmarks.gpu --device cpu --seconds 60 --out DIR        tries the command out where there is none
    python -m benchmarks.gpu --part rates --part training --out DIR     these alone

Each measurement runs in a process of its own, with a share of the time left as its limit, and each of its results is
written to DIR as soon as it is there: one that fails leaves its traceback, and the next begins. DIR has a JSON file per
measurement, and a checkpoint from which training goes on; temporary files and compiled kernels go to DIR/work. Nothing
is written elsewhere, if Python is started with -B. To publish, commit the JSON files as reports/published/gpu/NAME.

Exit status: 0 when all went to their end, 1 when some failed or were ended (they are listed), 2 for wrong arguments.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.command_line import documented_parser, positive_seconds
from benchmarks.gpu_measurements import MEASUREMENTS, Measurement
from benchmarks.gpu_measurements.session import Session, entries
from benchmarks.records.folders import LOCAL, check_writable, result_folder
from benchmarks.running import device_rates, isolated, machine, socket_folder
from benchmarks.running.isolated import Outcome, Process
from methods.base import InputError
from methods.core import files

SHARE_TOLD = 0.9
"""Share of its limit that a measurement is told to take: starting its process and ending it take the rest."""

DEVICE_LIMIT_S = 120.0

WRITTEN = {
    "TMPDIR": "", "LOOPMARK_CACHE": "cache", "LOOPMARK_LOCKS": "", "HOME": "home", "XDG_CACHE_HOME": "xdg",
    "TRITON_HOME": "home", "TRITON_CACHE_DIR": "triton", "TORCHINDUCTOR_CACHE_DIR": "inductor",
    "CUDA_CACHE_PATH": "cuda", "MPLCONFIGDIR": "matplotlib",
}  # fmt: skip
"""Environment variable -> folder below DIR/work, for all that libraries write."""


def parser() -> argparse.ArgumentParser:
    """Make the command line's parser."""
    titles = "\n".join(f"  {name:9} {part.title}" for name, part in MEASUREMENTS.items())
    command = documented_parser("benchmarks.gpu", __doc__, f"\nMeasurements, in the order of their worth:\n{titles}")
    add = command.add_argument
    add("--device", choices=device_rates.KINDS, default="cuda", help="default: cuda")
    add("--seconds", type=positive_seconds, default=480.0, metavar="S", help="for everything together (default: 480)")
    add("--part", action="append", choices=MEASUREMENTS, help="measure only this; may be repeated")
    add("--carried", type=Path, metavar="DIR", help="fitted methods, from --prepare")
    add("--prepare", type=result_folder, metavar="DIR", help="fit methods, keep them in DIR, and measure nothing")
    add("--method", action="append", metavar="M", help="with --prepare: on box1l, only this; may be repeated")
    add("--force", action="store_true", help="measure again what is finished")
    add("--out", type=result_folder, metavar="DIR", help=f"folder of the results (default: {LOCAL / 'gpu'}/DEVICE)")
    return command


def main(arguments: list[str] | None = None) -> int:
    """Measure what the command line asks for; return the exit status."""
    start = time.monotonic()
    command = parser()
    given = command.parse_args(arguments)
    if given.method and not given.prepare:
        command.error("--method goes with --prepare; --part says what is measured")
    try:
        if given.prepare:
            return _prepare(given.prepare, given.method)
        out = (given.out or LOCAL / "gpu" / given.device).resolve()
        wanted = {name: MEASUREMENTS[name] for name in given.part or MEASUREMENTS}
        carried = given.carried.absolute() if given.carried else None
        if carried is not None and not (carried / "index.json").exists():
            raise InputError(f"There are no fitted methods in {given.carried}; python -m benchmarks.gpu --prepare DIR.")
        work = write_below(out)
        device_name = _device_name(given.device)
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    session = Session(given.device, 0.0, out, work, carried)
    results = measure(wanted, session, start + given.seconds, device_name, force=given.force)
    return report(results, time.monotonic() - start)


def _prepare(folder: Path, specs: list[str] | None) -> int:
    """Fit the methods to be carried; return the exit status."""
    from benchmarks.gpu_measurements import carried_methods

    def told(event: str, planned: Any, record: Mapping[str, Any] | None) -> None:
        print(f"{planned.label}: {event if record is None else record['status']}", file=sys.stderr, flush=True)

    wanted = {"box1l": specs} if specs else carried_methods.defaults()
    missing = carried_methods.prepare(folder.absolute(), wanted, told)
    for line in missing:
        print(f"left out: {line}", file=sys.stderr)
    print(f"Written: {folder}, {sum(path.stat().st_size for path in folder.iterdir()) / 2**20:.1f} MiB")
    return 1 if missing else 0


def write_below(out: Path) -> Path:
    """Have this process, and all that it starts, write to OUT/work alone; return that folder.

    Raises
    ------
    InputError
        Where nothing can be written there, or the path is too long.
    """
    work = out / "work"
    longest = socket_folder.LONGEST_BASE - len("/work")  # else sockets lie elsewhere
    if len(str(out)) > longest:
        raise InputError(
            f"The path {out} has {len(str(out))} characters; {longest} at most can be worked in, so give another "
            "folder."
        )
    check_writable(work)
    for variable, name in WRITTEN.items():
        (work / name).mkdir(exist_ok=True)
        os.environ[variable] = str(work / name)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    tempfile.tempdir = str(work)
    sys.dont_write_bytecode = True
    return work


def _device_name(device: str) -> str:
    """Name the device, asking in a process of its own. Raises InputError where there is none."""
    outcome = isolated.call(device_rates.device_name, device, time_limit=DEVICE_LIMIT_S)
    if outcome.status != "ok":
        raise InputError(f"It could not be found out whether there is a device {device}: {outcome.reason}")
    if outcome.result is None:
        raise InputError(f"There is no device {device} here; give --device cpu to try the command out.")
    return str(outcome.result)


def measure(
    wanted: Mapping[str, Measurement], session: Session, end: float, device_name: str, *, force: bool
) -> dict[str, dict[str, Any]]:
    """Make the measurements that are not finished, until the monotonic clock shows `end`; return all results.

    Each may take, of the time left, its share of the weights of those still to come, itself included.
    """
    found = {name: _read(session.out / f"{name}.json") for name in wanted}
    due = {name: part for name, part in wanted.items() if force or not is_finished(found[name], session.device)}
    provenance = {"device": session.device, "device_name": device_name, "machine": machine.name(), **machine.describe()}
    provenance |= _travelled(session.carried, provenance)
    weights = [part.weight for part in due.values()]
    for index, (name, part) in enumerate(due.items()):
        limit_s = (end - time.monotonic()) * part.weight / sum(weights[index:])
        print(f"{name}: {part.title}; {limit_s:.0f} s", flush=True)
        before = None if force else found[name]
        for reached in _results(part, session, limit_s):
            result = {"measurement": name, **provenance, **reached}
            if n_figures(result) >= n_figures(before, session.device):
                files.write_text(session.out / f"{name}.json", json.dumps(result, indent=1, allow_nan=False) + "\n")
                found[name] = result
        if found[name] is not result:
            said = ": ".join(filter(None, (result["status"], result["reason"])))
            print(f"  {said.rstrip('.')}. The file has more figures, and stays.", flush=True)
    return {name: result for name, result in found.items() if result is not None}


def _travelled(carried: Path | None, described: Mapping[str, Any]) -> dict[str, Any]:
    """Give commit and dirty of code that came without its history, by what was noted where it was prepared."""
    if described["commit"] is not None or carried is None:
        return {}
    from benchmarks.gpu_measurements import carried_methods

    code = carried_methods.read(carried)[1]
    return {key: code[key] for key in ("commit", "dirty")} if code["digest"] == carried_methods.source_digest() else {}


def _results(part: Measurement, session: Session, limit_s: float) -> Iterator[dict[str, Any]]:
    """Yield the result of a measurement as far as it is, after each entry and at its end."""
    finished: list[dict[str, Any]] = []
    start = time.monotonic()
    date = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())

    def result(outcome: Outcome) -> dict[str, Any]:
        reached = {"status": outcome.status, "reason": outcome.reason, "traceback": outcome.traceback}
        seconds = {"seconds": round(time.monotonic() - start, 2), "limit_s": round(limit_s, 2)}
        return {"date_utc": date, **seconds, **reached, "entries": finished}

    shortened = session._replace(seconds=SHARE_TOLD * max(0.0, limit_s))
    with Process(entries, part.module, shortened, time_limit=limit_s) as process:
        while True:
            outcome = process.outcome(max(0.0, start + limit_s - time.monotonic()))
            if outcome.status == "timeout":  # its own reason has the seconds that the last entry had left
                reason = f"The measurement was ended after its time limit of {limit_s:.0f} s."
                outcome = dataclasses.replace(outcome, reason=reason)
            if outcome.status != "ok" or "end" in outcome.result:
                yield result(outcome)
                return
            finished.append(outcome.result["entry"])
            print(f"  {line(finished[-1])}", flush=True)
            yield result(Outcome("infrastructure", "The command was ended while this was measured."))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def n_figures(result: Mapping[str, Any] | None, device: str | None = None) -> int:
    """Count the entries with figures: a shorter session does not replace the results of a longer one on its device."""
    if result is None or (device is not None and result["device"] != device):
        return 0
    return sum(entry["status"] in ("ok", "partial") for entry in result["entries"])


def is_finished(result: Mapping[str, Any] | None, device: str) -> bool:
    """Tell whether a measurement need not be made again: it came to its end on this device, and time cut nothing."""
    if result is None or result["status"] != "ok" or result["device"] != device:
        return False
    return not any(entry["status"] in ("partial", "left_out", "timeout") for entry in result["entries"])


def line(entry: Mapping[str, Any]) -> str:
    """Write the gist of an entry in a line."""
    what = " ".join(str(entry[key]) for key in NAMING if entry.get(key) is not None)
    if entry["status"] not in ("ok", "partial"):
        return f"{what}: {entry['status']}: {' '.join(str(entry.get('reason')).split())[:200]}"
    shown = "; ".join(text for key, show in FIGURES.items() if key in entry and (text := show(entry)))
    return f"{what}: {shown or entry['status']}"


NAMING = ("kind", "contender", "recipe", "integral", "method", "precision", "file", "k", "depth", "width", "batch",
          "lattice_size")  # fmt: skip
"""Keys that tell entries apart."""

FIGURES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "rates": lambda e: f"float32 {e['rates']['float32'].get('gflop_per_s', 0):,.0f} GFLOP/s, "
    f"{e['rates']['triad']['gb_per_s']:,.0f} GB/s",
    "gflop_per_s": lambda e: f"{e['gflop_per_s']:,.0f} GFLOP/s",
    "s": lambda e: f"{1e3 * e['s']:.3f} ms",
    "record": lambda e: ", ".join(
        f"{1e6 * timing['median']:.3g} µs ({batch})"
        for batch, timing in e["record"]["s_per_integral"].items()
        if "median" in timing
    ),
    "n_passed": lambda e: f"{e['n_passed']} passed, {e['n_failed']} failed, {len(e['skipped'])} skipped",
    "digits_mean": lambda e: f"{e['digits_mean']:.1f} digits",
    "full_length_s": lambda e: f"{1e3 * e['s_per_update']:.2f} ms per update, so {e['full_length_s']:,.0f} s for all "
    f"{e['n_updates_printed']:,} of one of {e['n_replicas_printed']} replicas",
    "points": lambda e: f"{e['points'][-1]['digits_mean']:.2f} digits after {e['n_updates']:,} of "
    f"{e['n_updates_printed']:,} updates{' (partial)' if e['status'] == 'partial' else ''}" if e["points"] else "",
}  # fmt: skip
"""Key of an entry -> what is shown of it."""


def report(results: Mapping[str, Mapping[str, Any]], seconds: float) -> int:
    """Print how each measurement ended; return the exit status."""
    bad = []
    print(f"\n{seconds:.0f} s")
    for name, result in results.items():
        statuses = [entry["status"] for entry in result["entries"]]
        counts = ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses))
        print(f"{name:9} {result['status']:8} {result['seconds']:6.0f} s  {counts}")
        if result["status"] != "ok" or not {"failed", "timeout"}.isdisjoint(statuses):
            bad.append(name)
            print(f"  {result['reason']}\n{result['traceback'] or ''}" if result["reason"] else "", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
