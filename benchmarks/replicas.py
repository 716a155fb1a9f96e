"""How many replicas an ensemble of primitives needs: digits and honesty of the error against their number.

    python -m benchmarks.replicas --integral box1l --method neural_primitive --budget 60

trains eight, and says of the first n of them, for n = 1 … 8: digits of their mean, and for both conventions of the
error (σ: JHEP; σ/√n: thesis eq. 4.1) the share of points within one and three of it, and the median of
log10(error/|e − t|), as in figure 7 of the thesis. Written to reports/local/replicas.json; `python -m
benchmarks.report` shows what is in reports/published.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.experiments.replicas import FILE, row
from benchmarks.records import files
from benchmarks.records.folders import LOCAL
from benchmarks.running import machine
from methods.base import HasReplicas, InputError
from methods.core import names

N_REPLICAS = 8


def measure(name: str, integral: str, budget: float) -> list[dict[str, Any]]:
    """Measure one entry per number of replicas.

    Raises
    ------
    InputError
        For what is not known, or a method that is no `methods.base.HasReplicas`.
    """
    import methods
    import references

    method, fields = names.parse_spec(name)
    primitive = methods.create(method, **fields | {"n_replicas": N_REPLICAS})
    if not isinstance(primitive, HasReplicas):
        raise InputError(f"{method} does not give the values of its replicas; neural_primitive does.")
    truth = references.truth(integral)
    s, value = truth.s[truth.uniform], truth.value[truth.uniform]
    primitive.fit(references.integral(integral), budget=budget)
    replicas = primitive.replica_values(s)
    entries = []
    for n in range(1, N_REPLICAS + 1):
        miss = np.abs(replicas[:n].mean(axis=0) - value)
        entry = {"n": n, "digits": float(-np.log10(miss / np.abs(value)).mean()), "n_points": len(s)}
        if n > 1:
            spread = replicas[:n].std(axis=0, ddof=1)
            for kind, error in (("spread", spread), ("mean", spread / np.sqrt(n))):
                entry[kind] = {
                    "within_1": float((miss <= error).mean()),
                    "within_3": float((miss <= 3 * error).mean()),
                    "log10_error_ratio": float(np.median(np.log10(error / miss))),
                }
        entries.append(entry)
    return entries


def main(arguments: list[str] | None = None) -> int:
    """Measure and write; return the exit status."""
    command = argparse.ArgumentParser(
        prog="python -m benchmarks.replicas", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("--integral", default="box1l", metavar="I", help="default: box1l")
    command.add_argument("--method", default="neural_primitive", metavar="M", help="default: neural_primitive")
    command.add_argument("--budget", type=float, default=60.0, metavar="S", help="seconds of training; default: 60")
    command.add_argument("--out", type=Path, default=LOCAL, metavar="DIR", help=f"default: {LOCAL}")
    given = command.parse_args(arguments)
    run = {"integral": given.integral, "method": given.method, "budget_s": given.budget}
    run |= {"machine": machine.name()} | machine.describe()
    run |= {"date_utc": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())}
    try:
        run["entries"] = measure(given.method, given.integral, given.budget)
    except InputError as problem:
        command.error(str(problem))
    same = ("integral", "method", "budget_s", "machine")
    path = given.out / FILE
    before = json.loads(path.read_text()) if path.exists() else []
    others = [old for old in before if any(old[key] != run[key] for key in same)]
    files.write_text(path, json.dumps([*others, run], indent=1) + "\n")
    for entry in run["entries"]:
        print(" | ".join(row(run, entry).values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
