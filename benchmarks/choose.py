"""The cheapest method for so many digits of so many values of an integral: chosen, fitted, checked and saved.

Every method is asked by pilot fits of seconds, each in a process of its own. Digits, preparation and time per value are
extrapolated to the setting that should do, and the cheapest is measured there, fitted, and checked at fresh points by a
direct rule that had no part in it. Records of earlier runs are not read.

In Python: benchmarks.choose.choose("box1l", digits=4, count=1e8).method.integrate(s)
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.interrupts import INTERRUPTED
from methods.base import InputError
from methods.core.digits import rounded_down

if TYPE_CHECKING:
    from benchmarks.choosing.choice import Choice
    from benchmarks.choosing.pilots import Pilot
    from benchmarks.choosing.search import Told

EXAMPLES = """examples:
  python -m benchmarks.choose --integral box1l --digits 4 --count 1e8 --save box1l.model
  python -m benchmarks.choose --integral my_file:my_integral --digits 3 --count 1e6 --worst
  python -m benchmarks.choose --integral triangle.json --digits 6 --count 1e5 --latency --budget 300

methods.load("box1l.model") reads what was saved.

exit status: 0 where the digits are reached, 1 where they are not, or where the method cannot be saved as --save asks,
2 for wrong arguments, 130 when interrupted"""

BUDGET_S, BUDGET_ON_CONTOURS_S = 120.0, 600.0
"""Default seconds of the fits of a choice, and those above threshold with more than three variables: at two loops a
contour takes about a minute, and a single fit may take a sixth. Where less is enough, the choice ends sooner."""

FEW_VARIABLES = 3
"""Most Feynman parameters of an integral that is computed above threshold on contours found in seconds."""

MOST_DIGITS = 15.0
"""Relative errors below are those of rounding."""


WORST_HELP = "want the digits at the worst of 300 points, 100 of them at corners and edges, instead of on average"

LATENCY_HELP = (
    "values are asked for one at a time, in Python calls, instead of many at once; an exported header takes less"
)


def choose(
    integral: str, *, digits: float, count: float, worst: bool = False, latency: bool = False,
    budget: float | None = None, save: str | Path | None = None, told: Told | None = None,
) -> Choice:  # fmt: skip
    """Choose, fit and check the method that takes least time in all.

    Parameters
    ----------
    integral : str
        A registered name, a file that ``python -m references.from_loop`` wrote, or module:attribute of one's own.
    digits : float
        Digits wanted, −log10 of the relative error, on average over the box.
    count : float
        Values of I(s) that will be computed.
    worst : bool
        Whether the worst of 200 points in the box, and of 100 more at its faces, edges and corners, is to have the
        digits.
    latency : bool
        Whether values are asked for one at a time, in Python calls; an exported header takes less.
    budget : float, optional
        Seconds that pilots and the winner's fit may take, about; a single one may take a sixth of them. None takes
        BUDGET_S, or BUDGET_ON_CONTOURS_S above threshold with more than three variables. A third more
        goes to each further winner, of at most two, where a check finds fewer digits than were expected. The values
        that judge fits, and those that check the choice, come on top: mostly a few seconds, for each rule that is
        tried at most half of the budget and 30 s.
    save : path, optional
        File for the fitted method.
    told : callable, optional
        Gets the title of a fit (its method with fields and, where it learns, its seconds), and None, as it begins; and
        the same with its `Pilot` as it ends.

    Returns
    -------
    benchmarks.choosing.choice.Choice
        With the fitted `method`, what the check found, and all `standings`.

    Raises
    ------
    InputError
        For an integral that is not there, numbers out of range, a file that cannot be written, or an integral that no
        direct rule treats.
    """
    import references
    from benchmarks.choosing.choice import Chooser
    from benchmarks.choosing.search import Wish

    if budget is None:
        made = references.integral(integral)
        budget = BUDGET_ON_CONTOURS_S if made.is_complex and made.k > FEW_VARIABLES else BUDGET_S
    for name, value, least, most in (
        ("digits", digits, 0.0, MOST_DIGITS), ("count", count, 0.0, math.inf), ("budget", budget, 0.0, math.inf),
    ):  # fmt: skip
        if not least < value <= most or math.isinf(value):
            allowed = f"a finite number above {least:g}" + (f", and at most {most:g}" if math.isfinite(most) else "")
            raise InputError(f"{name} is {value:g}; give {allowed}.")
    if save is not None:
        _require_writable(Path(save))
    choice = Chooser(integral, digits, budget, told, worst=worst).choose(Wish(digits, count, worst, latency))
    if save is not None:
        _save(choice, Path(save))
    return choice


def _require_writable(path: Path) -> None:
    folder = path.resolve().parent
    if path.is_dir() or not folder.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        raise InputError(f"The fitted method cannot be saved as {path}; give a file in a folder that you can write to.")


def _save(choice: Choice, path: Path) -> None:
    """Save the method, where it can be: otherwise there is none in the choice."""
    if choice.method is not None:
        try:
            choice.method.save(path)
        except OSError as problem:
            raise InputError(f"The fitted method could not be saved as {path}: {problem.strerror}.") from problem


def next_steps(choice: Choice, path: str) -> str:
    """Say how to read the file, and how to export what it holds, where that can be."""
    integral = getattr(choice.method, "integral_", None)
    needed = repr(path) if integral is not None and integral.expression else f"{path!r}, integral"
    formats = _formats(choice.method)
    how = f", and python -m methods.export writes {formats}" if formats else ""
    return f"Saved as {path}: methods.load({needed}) reads it{how}."


def _formats(method: Any) -> str:
    """Name the languages that `methods.export` writes a fitted method in; empty for none."""
    from methods.base import Exportable
    from methods.core.arithmetic import Arithmetic
    from methods.export.targets import MOST_NUMBERS

    if not isinstance(method, Exportable) or not callable(method.export_form):
        return ""
    try:
        form = method.export_form()
    except InputError:  # of a rule with too many nodes
        return ""
    is_short = isinstance(form, Arithmetic) and form.n_numbers() <= MOST_NUMBERS
    return "C++" if is_short else "ONNX"


def _parser() -> argparse.ArgumentParser:
    command = argparse.ArgumentParser(
        prog="python -m benchmarks.choose", description=__doc__, epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = command.add_argument
    add("--integral", required=True, metavar="I", help="a name, a file of references.from_loop, or module:attribute")
    add("--digits", required=True, type=float, metavar="D", help="digits wanted, on average over the box")
    add("--count", required=True, type=float, metavar="N", help="values of I(s) that will be computed, such as 1e8")
    add("--worst", action="store_true", help=WORST_HELP)
    add("--latency", action="store_true", help=LATENCY_HELP)
    default = f"{BUDGET_S:g}; above threshold with more than three variables {BUDGET_ON_CONTOURS_S:g}"
    add("--budget", type=float, metavar="S", help=f"seconds for fits, about (default: {default})")
    add("--save", metavar="FILE", help="file for the fitted method")
    return command


def main(arguments: list[str] | None = None) -> int:
    """Choose as the command line asks; return the exit status."""
    given = _parser().parse_args(arguments)
    from benchmarks.choosing import ranking
    from benchmarks.choosing.choice import Interrupted

    try:
        with _Progress() as progress:
            if given.save:
                _require_writable(Path(given.save))
            choice = choose(
                given.integral, digits=given.digits, count=given.count, worst=given.worst, latency=given.latency,
                budget=given.budget, told=progress.told,
            )  # fmt: skip
        print(ranking.text(choice))
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stopped:
        if isinstance(stopped, Interrupted):
            print(ranking.interrupted(stopped))
        print("Interrupted; nothing was saved.", file=sys.stderr)
        return INTERRUPTED
    if choice.method is None:
        return 1 if given.save or not choice.reached else 0
    if given.save:
        try:
            _save(choice, Path(given.save))
        except InputError as problem:
            print(f"error: {problem}", file=sys.stderr)
            return 1
    print(next_steps(choice, given.save) if given.save else "Nothing was saved; --save FILE keeps the fitted method.")
    return 0 if choice.reached else 1


class _Progress:
    """A bar on a terminal, with the fit that is going on, and a line for each that ends; elsewhere lines alone."""

    def __enter__(self) -> _Progress:
        from tqdm import tqdm

        self._bar = tqdm(unit="fit", disable=None)
        self._begins("values that judge")
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def told(self, spec: str, pilot: Pilot | None) -> None:
        """Show what `Search` and `Chooser` say."""
        if pilot is None:
            self._begins(spec)
            return
        found = f"{rounded_down(pilot.digits_mean)} digits" if pilot.reason is None else pilot.reason
        self._bar.write(f"{spec}: {found}", file=sys.stderr)
        self._bar.update()

    def _begins(self, title: str) -> None:
        """Show what begins: in the bar or, where there is no terminal, in a line of its own."""
        self._bar.set_description(title)
        if self._bar.disable:
            print(f"{title}: begins", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
