"""The lock of the methods' versions: code may be tidied freely, and results may not change unnoticed.

A published record is current where its `version` is that of the method's class, whatever the code looks like. So
`version` must be raised when results change, and not when code is moved. `methods/versions.json`, the lock, holds for
each method

    version, labels_version            its version, and that of the direct method which provides its labels
    hash                               of its code, blind to moves, imports and docstrings: `normalised_hash`
    fits                               what small fits of two or three integrals gave: `small_fits`
    tolerance, error_tolerance         by how much I(s) and its error may differ from these elsewhere, relatively

After a change of the code this command repeats the fits of each method whose hash changed, and writes the new hash
where they agree, where `version` was raised, or where the method is new. Otherwise it writes nothing for that method,
says what differs, and exits 1.

Tolerances are measured when an entry is made: ten times the largest difference to the same fits without AVX and FMA,
as other processors may round, and at least 1e-9 (1e-6 for errors). Found so: direct methods and Chebyshev interpolation
differ by less than 1e-14, trees not at all, networks by 1e-8 to 8e-7 after 50 updates, neural and separable primitives
by 2e-7 and 7e-7 (a thousandth of the error that they state), published ones by 2e-6 after 30 updates.

    python -m benchmarks.versions
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import methods
from benchmarks.running.isolated import Outcome
from benchmarks.versioning import lock_file, small_fits
from benchmarks.versioning.lock_file import LOCK, Entry, Lock
from benchmarks.versioning.normalised_hash import Normaliser
from benchmarks.versioning.small_fits import FIELDS, Fit
from benchmarks.versioning.sources import OwnModules

SAFETY = 10.0
FLOOR, ERROR_FLOOR, LARGEST_TOLERANCE = 1e-9, 1e-6, 1e-3
"""An error is a difference of values that nearly agree, so that more of its digits are rounding."""

EXAMPLES = """examples:
  python -m benchmarks.versions                       after a change in methods/: repeat the fits that it may concern
  python -m benchmarks.versions --check               list what is stale, in a second
  python -m benchmarks.versions --method chebyshev    one method only
"""

Repeat = Callable[[str, list[Fit]], Outcome]


class Now(NamedTuple):
    """A method as its code is now."""

    target: str
    version: int
    labels_version: int | None
    """Version of the direct method that its fits take labels from; None where they take none."""
    hash: str
    fits: list[Fit]
    """Empty where FIELDS has no line for the method."""


class Refused(Exception):
    """Raised where nothing may be written for a method; the message says why, and what to do."""


def methods_now(registry: Mapping[str, str], fields: Mapping[str, Mapping[str, Any]]) -> dict[str, Now]:
    """Return all methods of a registry as their code is now, nothing of which is imported."""
    normaliser = Normaliser(OwnModules(*registry.values()))
    versions = {name: normaliser.version(target) for name, target in registry.items()}
    now = {}
    for name, target in registry.items():
        own = fields.get(name)
        provider = str((own or {}).get("labels", "")).partition(",")[0]
        fits = small_fits.fits_of(name, fields)
        now[name] = Now(target, versions[name], versions.get(provider), normaliser.hash(target), fits)
    return now


def stale(entry: Entry | None, now: Now) -> str | None:
    """Return why a method's fits must be repeated, or None where its entry is current."""
    if entry is None:
        return "is new"
    if now.version != entry["version"]:
        return f"has version {now.version}, and {entry['version']} in the lock"
    if now.hash != entry["hash"]:
        return "has other code"
    if now.labels_version != entry["labels_version"]:
        return "takes labels from another version"
    return None if now.fits == _asked(entry) else "has other fields in benchmarks/versioning/small_fits.py"


def due_entry(entry: Entry | None, now: Now, repeat: Repeat, repeat_otherwise: Repeat) -> Entry:
    """Repeat the fits of a stale entry, and return the entry to write; `Refused` where there is none.

    `repeat` and `repeat_otherwise` are `small_fits.outcome` and `small_fits.outcome_rounded_otherwise`.
    """
    if entry is None or now.version > entry["version"] or _only_labels_are_newer(entry, now):
        return _measured(now, repeat, repeat_otherwise)
    if now.version < entry["version"]:
        raise Refused(f"its version {now.version} is below {entry['version']}, the lock's; a version may only rise")
    found = _results(repeat(now.target, _asked(entry)))
    if problem := _disagreement(entry, found):
        raise Refused(f"{problem}; raise `version` in its class if the change is meant")
    if now.fits != _asked(entry):
        return _measured(now, repeat, repeat_otherwise)
    return entry | {"hash": now.hash, "labels_version": now.labels_version}


def _measured(now: Now, repeat: Repeat, repeat_otherwise: Repeat) -> Entry:
    """Return a new entry: what the fits give, and by how much they may differ where rounding is otherwise."""
    if not now.fits:
        raise Refused("it has no line in FIELDS of benchmarks/versioning/small_fits.py; add one")
    found = _results(repeat(now.target, now.fits))
    other = _results(repeat_otherwise(now.target, now.fits))
    tolerance, error_tolerance = (
        max(floor, SAFETY * max(small_fits.difference(b[kind], a[kind]) for a, b in zip(found, other, strict=True)))
        for kind, floor in (("value", FLOOR), ("error", ERROR_FLOOR))
    )
    if tolerance > LARGEST_TOLERANCE:
        raise Refused(
            f"rounding alone changes its fits by {tolerance / SAFETY:.0e}; give it fewer updates in FIELDS of "
            "benchmarks/versioning/small_fits.py"
        )
    return {
        "version": now.version,
        "labels_version": now.labels_version,
        "hash": now.hash,
        "tolerance": float(f"{tolerance:.1e}"),
        "error_tolerance": float(f"{error_tolerance:.1e}"),
        "fits": [fit | result for fit, result in zip(now.fits, found, strict=True)],
    }


def _results(outcome: Outcome) -> list[dict[str, Any]]:
    if outcome.status != "ok":
        raise Refused(f"its fits cannot be made here: {str(outcome.reason).rstrip('.')}")
    return outcome.result


def _disagreement(entry: Entry, found: list[dict[str, Any]]) -> str | None:
    """Return which fits differ from a lock's entry by more than its tolerances, and by how much; None for none."""
    problems = []
    for fit, result in zip(entry["fits"], found, strict=True):
        for kind, what, tolerance in (("value", "I(s)", "tolerance"), ("error", "the error", "error_tolerance")):
            difference = small_fits.difference(result[kind], fit[kind])
            if difference > entry[tolerance]:
                allowed = f"{entry[tolerance]:.1e} allowed"
                problems.append(f"{what} of {fit['integral']} differs by {difference:.1e}, relatively ({allowed})")
    return " and ".join(problems) or None


def _only_labels_are_newer(entry: Entry, now: Now) -> bool:
    """Tell whether other results are due because the method that provides labels has a higher version."""
    same = (now.version, now.hash, now.fits) == (entry["version"], entry["hash"], _asked(entry))
    return same and (now.labels_version or 0) > (entry["labels_version"] or 0)


def _asked(entry: Entry) -> list[Fit]:
    """Return the fits that an entry has the results of."""
    return [{"integral": fit["integral"], "fields": fit["fields"]} for fit in entry["fits"]]


def main(argv: list[str] | None = None) -> int:
    """Bring the lock up to date, or say why not; return 1 where something is stale or refused."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.versions", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Repeat the small fits of methods whose code changed, and write methods/versions.json where their "
        "results are the same, their `version` was raised, or they are new.",
    )  # fmt: skip
    parser.add_argument("--check", action="store_true", help="fit nothing and write nothing: list what is stale")
    parser.add_argument("--method", action="append", metavar="M", help="only this method; may be given again")
    arguments = parser.parse_args(argv)
    chosen = arguments.method or sorted({*methods.METHODS, *lock_file.read()})
    if unknown := sorted({*chosen} - {*methods.METHODS, *lock_file.read()}):
        parser.error(f"there is no method {unknown[0]!r}; known: {', '.join(sorted(methods.METHODS))}")
    if arguments.check:
        return check(chosen, methods.METHODS, FIELDS, LOCK)
    return update(chosen, methods.METHODS, FIELDS, LOCK)


def check(chosen: list[str], registry: Mapping[str, str], fields: Mapping[str, Any], path: Path) -> int:
    """Print what is stale; return 1 where anything is."""
    lock, now = lock_file.read(path), methods_now(registry, fields)
    reasons = {name: stale(lock.get(name), now[name]) if name in now else "is no longer registered" for name in chosen}
    found = [f"{name} {reason}." for name, reason in reasons.items() if reason]
    print("\n".join(found) or _is_current(path, chosen, {*registry, *lock}))
    return 1 if found else 0


def _is_current(path: Path, chosen: list[str], everything: set[str]) -> str:
    """Say that the lock is current, of which methods where not all of them were looked at."""
    which = "" if everything <= {*chosen} else f" for {', '.join(chosen)}"
    return f"{path.name} is current{which}."


def update(
    chosen: list[str], registry: Mapping[str, str], fields: Mapping[str, Any], path: Path, *,
    repeat: Repeat = small_fits.outcome, repeat_otherwise: Repeat = small_fits.outcome_rounded_otherwise,
) -> int:  # fmt: skip
    """Repeat the fits of what is stale, write the entries that are due, and print which; return 1 for a refusal."""
    from tqdm import tqdm

    lock, now = lock_file.read(path), methods_now(registry, fields)
    due = [name for name in chosen if name not in now or stale(lock.get(name), now[name])]
    n_refused = 0
    with tqdm(due, disable=None, unit="method") as bar:
        for name in bar:
            bar.set_description(name)
            try:
                _bring_up_to_date(lock, name, now.get(name), repeat, repeat_otherwise)
            except Refused as refusal:
                n_refused += 1
                tqdm.write(f"{name} is refused: {refusal}.")
            else:
                lock_file.write(lock, path)
                tqdm.write(f"{name} is written." if name in lock else f"{name} is no longer registered: removed.")
    print(f"Refused: {n_refused} of {len(due)}." if n_refused else _is_current(path, chosen, {*registry, *lock}))
    return 1 if n_refused else 0


def _bring_up_to_date(lock: Lock, name: str, now: Now | None, repeat: Repeat, repeat_otherwise: Repeat) -> None:
    if now is None:
        del lock[name]
    else:
        lock[name] = due_entry(lock.get(name), now, repeat, repeat_otherwise)


if __name__ == "__main__":
    sys.exit(main())
