"""The ranking of a choice as text: a row for each method that gave values, why others gave none, and the verdict."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from benchmarks.choosing import extrapolation
from benchmarks.choosing.choice import Choice, Interrupted
from benchmarks.choosing.extrapolation import Forecast
from benchmarks.choosing.search import NOT_ASKED, Standing, Wish
from benchmarks.text_format import cut
from methods.core.digits import rounded_down

WIDTH = 120
"""Characters of a line."""

COLUMNS = ("method", "digits now", "expected", "prep. s", "µs (batch)", "µs (single)", "in all", "note")


def text(choice: Choice) -> str:
    """Write the ranking and what was chosen."""
    question = _wrapped(_question(choice.integral, choice.wish, choice.n_points))
    ranking = _ranking(choice.standings, choice.wish)
    return "\n".join([question, "", *ranking, "", _judged(choice), "", *_refused(choice.standings), verdict(choice)])


def interrupted(stopped: Interrupted) -> str:
    """Write the ranking as far as it was known when a choice was interrupted, of the methods asked until then."""
    asked = [standing for standing in stopped.standings if standing.reason != NOT_ASKED]
    return "\n".join([
        f"{stopped.integral}, interrupted: what was measured until then", "",
        *_ranking(asked, stopped.wish), "", *_refused(asked),
    ]).rstrip()  # fmt: skip


def _ranking(standings: Sequence[Standing], wish: Wish) -> list[str]:
    """List the lines of the table: one for each method that gave values."""
    rows = [COLUMNS, *(_row(standing, wish) for standing in standings if standing.now is not None)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS) - 1)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:-1], widths[1:]), row[-1]]).rstrip() for row in rows
    ]
    return [cut(line, WIDTH) for line in lines]


def _refused(standings: Sequence[Standing]) -> list[str]:
    """List the lines that say why methods gave no values, each reason once; none where all gave some."""
    reasons: dict[str, list[str]] = {}
    for standing in standings:
        if standing.now is None:
            name = standing.candidate.method
            reasons.setdefault(standing.reason.replace(f" {name} ", " it "), []).append(name)
    refused = [
        textwrap.fill(f"{', '.join(names)}: {reason.rstrip('.')}.", WIDTH, subsequent_indent="    ")
        for reason, names in reasons.items()
    ]
    return ["Without values:", *refused, ""] if refused else []


def verdict(choice: Choice) -> str:
    """Say in sentences what was chosen, and what the check found."""
    pilot, wish = choice.pilot, choice.wish
    said = [f"Not as expected at fresh points: {', '.join(choice.failed)}."] if choice.failed else []
    if pilot.reason is not None:
        said.append(f"{pilot.title} was chosen, but could not be fitted again: {pilot.reason.rstrip('.')}.")
        return "\n".join(map(_wrapped, said))
    digits = extrapolation.digits_of(pilot, wish.worst)
    if choice.reached or (choice.not_checked and digits >= wish.digits):
        said.append(f"Chosen: {pilot.title}, {_duration(choice.total_s)} in all.")
    else:
        who = f"None of the {len(choice.failed) + 1} that were checked" if choice.failed else "Nothing that was tried"
        wanted = f"{wish.digits:g} digits {_where(wish, choice.n_points)}"
        said.append(f"{who} has {wanted}: {pilot.title} has most, {rounded_down(digits)}.")
    fresh = "points, fresh ones but for corners of the box," if wish.worst else "fresh points"
    points = f"{choice.n_points} {'points' if choice.not_checked else fresh}"
    said.append(
        f"At {points} it has {rounded_down(pilot.digits_mean)} digits on average and "
        f"{rounded_down(pilot.digits_worst)} at the worst; {100 * choice.share_within:.0f} % are within the relative "
        f"error wanted, {10**-wish.digits:.0e}. They are judged by {choice.rule}, known to {choice.rule_error:.0e}."
    )
    if wish.worst:
        said.append("The average leaves out the points at corners and edges of the box.")
    if choice.not_checked:
        said.append("Not checked: these are the points at which pilots were judged. At fresh points:")
        said += choice.not_checked.splitlines()
    if not choice.independent:
        other = "" if choice.not_checked else "No other rule gives values here: "
        said.append(f"{other}{choice.rule} had a part in what it judges.")
    if choice.rule_error > 10**-wish.digits:
        said.append("That is less than was wanted, so that more digits may be there than can be seen.")
    if not pilot.saved:
        why = f": {pilot.not_saved.rstrip('.')}" if pilot.not_saved else ""
        said.append(f"{pilot.candidate.method} cannot be saved{why}.")
    return "\n".join(map(_wrapped, said))


def _question(integral: str, wish: Wish, n_points: int) -> str:
    how = " one at a time in Python calls (an exported header takes less)" if wish.latency else ""
    return f"{integral}: {wish.digits:g} digits {_where(wish, n_points)}, {wish.count:.3g} values{how}, on one thread"


def _where(wish: Wish, n_points: int) -> str:
    """Say at which points the digits are wanted."""
    return f"at the worst of {n_points} points" if wish.worst else "on average"


def _row(standing: Standing, wish: Wish) -> tuple[str, ...]:
    """Make the cells of a method: its best setting, or that which is expected to have most digits."""
    now, best = standing.now, standing.best
    if now is None:
        raise ValueError(f"{standing.candidate.method} gave no values, and has no row.")
    shown, most = best or now, best or standing.most or now
    is_now = shown.measured and shown.setting == now.setting
    note = standing.reason or ("" if shown.measured else "expected")
    return (
        _setting(shown), _digits(now) if is_now else "", _digits(most), _number(shown.preparation_s),
        _number(1e6 * shown.s_per_integral), _number(1e6 * shown.s_single),
        _duration(best.seconds(wish.count, wish.latency)) if best is not None else "–", note,
    )  # fmt: skip


def _judged(choice: Choice) -> str:
    """Say which values the column of digits rests on, and how many digits they show at most."""
    said = f"Pilots were judged by {choice.judge}, known to {choice.judge_error:.0e}."
    if choice.judge_error > 10**-choice.wish.digits:
        said += " That is less than was wanted: whether a method has the digits cannot be seen by its pilots."
    return _wrapped(said)


def _digits(shown: Forecast) -> str:
    """Write digits rounded down, or those of the values that judged them where these have fewer."""
    limit = -math.log10(max(shown.judge_error, 1e-300))
    return f"≥ {rounded_down(limit)}" if shown.digits > limit else rounded_down(shown.digits)


def _setting(shown: Forecast) -> str:
    """Name a method with the setting of its knob."""
    return f"{shown.candidate.method}, {shown.candidate.knob}={shown.setting:.10g}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _duration(seconds: float) -> str:
    """Write seconds in the unit that suits them."""
    for unit, size in (("years", 3.156e7), ("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.3g} {unit}" if seconds < 1000 * size else f"{seconds / size:.1e} {unit}"
    return f"{seconds:.3g} s"


def _wrapped(sentence: str) -> str:
    return "\n".join(textwrap.wrap(sentence, WIDTH))
