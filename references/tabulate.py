"""The only writer of true values: quadrature of references' own, vouched for by pySecDec, into references/truth/.

    python -m references.tabulate
    python -m references.tabulate --integral box1l

A table is written only where quadrature converges to its plan, pySecDec agrees within its stated errors, and no
stored precision is lost.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

import references
from methods.base import InputError, ParametricIntegral
from references import quadrature, regions, tables, vouch
from references.tables import Truth, TruthError


class Plan(NamedTuple):
    """What a table of true values holds, and how well it is known."""

    n: int
    """Points drawn uniformly."""
    edge_points: int
    """Further points, by cornerness and edge."""
    epsrel: float
    """Largest relative error of a value."""
    vouched: tuple[int, int]
    """How many uniform and how many further points pySecDec is asked about."""
    vouch_epsrel: float
    """Largest relative error that pySecDec may state."""
    seed: int = 1


PLANS = {
    "box1l": Plan(n=2000, edge_points=400, epsrel=1e-13, vouched=(2000, 400), vouch_epsrel=1e-9),
    # pySecDec takes seconds per point for 1e-6 here, so it is asked about some.
    "box2l": Plan(n=1000, edge_points=200, epsrel=1e-11, vouched=(60, 40), vouch_epsrel=1e-6),
}
"""By integral; an integral without a plan of its own takes `DEFAULT`."""
DEFAULT = Plan(n=1000, edge_points=200, epsrel=1e-11, vouched=(40, 20), vouch_epsrel=1e-6)
MAX_EVAL = 1e11
"""Evaluations of the integrand before quadrature gives up: about half an hour; box2l takes 1.2e10."""

Second = Callable[[ParametricIntegral, float], tuple[vouch.Opinion, str]]
"""Makes the second opinion on an integral at a relative error."""


def tabulate(integral: ParametricIntegral, plan: Plan, folder: Path, second: Second = vouch.pysecdec) -> str:
    """Compute, have vouched for, and write the true values of `integral`; return a sentence on how it went.

    Raises
    ------
    TruthError
        Where quadrature does not reach the plan, the second opinion differs, or a stored table is more precise.
    """
    path = folder / f"{integral.name}.csv"
    s, uniform = regions.draw(integral, plan.n, plan.seed, plan.edge_points)
    with tqdm(desc=f"{integral.name} quadrature", unit="eval", unit_scale=True, disable=None) as bar:
        result = quadrature.converge(integral, s, epsrel=plan.epsrel / 2, max_eval=MAX_EVAL, progress=bar.update)
    relative = result.error / np.abs(result.value)
    worst = int(np.argmax(relative))
    if not relative[worst] <= plan.epsrel:
        raise TruthError(
            f"Quadrature of {integral.name} reaches {relative[worst]:.1e} at s = {s[worst].tolist()}, but its plan "
            f"says {plan.epsrel:g}: nothing is written."
        )
    _refuse_a_loss(path, integral, plan, float(relative[worst]))
    opinion, method = second(integral, plan.vouch_epsrel)
    which = _vouched_points(plan)
    with tqdm(desc=f"{integral.name} {method}", total=len(which), unit="point", disable=None) as bar:
        vouched = vouch.ask(opinion, s, which, bar.update)
    agreement = vouch.compare(s, result.value, result.error, vouched, plan.vouch_epsrel)
    how = (
        f"Gauss–Legendre after Möbius maps, two orders agreeing to {relative[worst]:.1e} ({result.rule}, "
        f"NumPy {np.__version__}); vouched for by {method} at {agreement['points']} of {len(s)} points, "
        f"largest pull {agreement['largest_pull']:.2g}"
    )
    header: dict[str, Any] = {
        "name": integral.name,
        "source": integral.source,
        "plan": plan._asdict(),
        "largest_relative_error": float(f"{relative[worst]:.2e}"),
        "agreement": agreement,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    truth = Truth(s, result.value, result.error, uniform, how)
    tables.write(path, integral, header, truth, vouched)
    return f"{integral.name}: {len(s)} points. {how}; agreement {agreement}."


def _vouched_points(plan: Plan) -> np.ndarray:
    """Return the first of the uniform points, and some of every class of the others."""
    uniform, others = plan.vouched
    spread = np.linspace(0, plan.edge_points - 1, others).astype(int)
    return np.concatenate([np.arange(uniform), plan.n + spread])


def _refuse_a_loss(path: Path, integral: ParametricIntegral, plan: Plan, largest: float) -> None:
    """Raise TruthError where a readable table of the same integral holds more points, or knows them better."""
    try:
        stored = tables.read(path, integral)
    except TruthError:
        return
    n, before = len(stored.truth.value), float(np.max(stored.truth.error / np.abs(stored.truth.value)))
    vouched = int(np.sum(~np.isnan(stored.vouched[:, 0])))
    # A factor 2: rounding differs from one processor to another.
    if largest > 2 * before or plan.n + plan.edge_points < n or sum(plan.vouched) < vouched:
        raise TruthError(
            f"{path} holds {n} points to {before:.1e}, {vouched} of them vouched for; {plan.n + plan.edge_points} "
            f"points to {largest:.1e}, {sum(plan.vouched)} vouched for, would be a loss: delete it first if meant."
        )


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m references.tabulate",
        description="Write the true values of integrals to references/truth/, vouched for by pySecDec.",
        epilog="Example: python -m references.tabulate --integral box1l",
    )
    parser.add_argument(
        "--integral", action="append", metavar="I", help="a registered integral; may be given again (default: all)"
    )
    chosen = parser.parse_args(arguments)
    try:
        for integral in [references.integral(name) for name in chosen.integral or references.names()]:
            print(tabulate(integral, PLANS.get(integral.name, DEFAULT), tables.folder()))
    except InputError as problem:
        print(f"{parser.prog}: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
