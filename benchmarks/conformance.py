"""Whether a class keeps the method contract, in sentences: what to run before anything else on a method of your own.

    python -m benchmarks.conformance my_file:MyMethod

It is fitted to two small integrals with closed forms, in a process of its own, and tried for what `methods.base` and
docs/method.md ask of a method. Each line says what holds, or what does not and why.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from benchmarks.command_line import positive_seconds
from benchmarks.running import contract_report, isolated
from benchmarks.running.isolated import Process

EXAMPLES = """examples:
  python -m benchmarks.conformance my_file:MyMethod
  python -m benchmarks.conformance my_file:MyMethod,n_samples=2000 --budget 20
  python -m benchmarks.conformance gauss_legendre --integral box1l

exit status: 0 where all of it holds, 1 where something does not or nothing could be checked, 2 for wrong arguments"""

BUDGET_S = 5.0
"""Default seconds of preparation per fit; there are two to four fits per integral."""


class WrongArguments(ValueError):
    """Raised for a method or an integral that is not there, or a field that it does not have."""


def seconds_allowed(budget: float) -> float:
    """Seconds that one check may take: three fits, each as long as a run's may be."""
    return 3 * (2 * budget + 60)


def verdicts(process: Process) -> Iterator[tuple[bool | None, str]]:
    """Yield each sentence with whether it holds, None where it was not checked; a process that dies breaks one, too."""
    sentence = "the class can be imported"
    while True:
        outcome = process.outcome()
        if outcome.status != "ok":
            yield False, f"{sentence}, since {outcome.reason}"
            return
        message = outcome.result
        if "error" in message:
            raise WrongArguments(message["error"])
        if "ends" in message:
            return
        sentence = message.get("begins", sentence)
        if "skipped" in message:
            yield None, f"{message['skipped']}."
        elif "text" in message:
            yield message["holds"], message["text"]


WORDS = {True: "holds", False: "does not hold", None: "not checked"}


def _parser() -> argparse.ArgumentParser:
    command = argparse.ArgumentParser(
        prog="python -m benchmarks.conformance", description=__doc__, epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    command.add_argument("method", metavar="METHOD", help="module:Class or a registered name, with ,field=value")
    command.add_argument(
        "--integral",
        metavar="I",
        help="a registered name, module:attribute or FILE.json[:SECTOR]; default: two small ones",
    )
    seconds = f"seconds per fit (default: {BUDGET_S:g})"
    command.add_argument("--budget", type=positive_seconds, default=BUDGET_S, metavar="S", help=seconds)
    return command


def main(arguments: list[str] | None = None) -> int:
    """Check what the command line asks for; return the exit status."""
    command = _parser()
    given = command.parse_args(arguments)
    found = []
    call = (contract_report.messages, given.method, given.integral, given.budget)
    try:
        with isolated.Process(*call, time_limit=seconds_allowed(given.budget)) as process:
            for holds, text in verdicts(process):
                print(f"{WORDS[holds]}: {text}", flush=True)
                found.append(holds)
    except WrongArguments as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    if False in found:
        print(f"{found.count(False)} of {len(found) - found.count(None)} sentences do not hold for {given.method}.")
        return 1
    if None in found:
        print(f"What was checked of {given.method} holds, but not all was; give an --integral that it can treat.")
        return 1
    print(f"{given.method} keeps the method contract.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
