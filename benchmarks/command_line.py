"""Makes the parsers of the commands, whose help is the docstring of their module, and reads seconds."""

from __future__ import annotations

import argparse

LONGEST_S = 1e7
"""Four months: time limits are made of what is given, and must be numbers that the system takes."""


def documented_parser(program: str, documentation: str | None, addition: str = "") -> argparse.ArgumentParser:
    """Make a parser whose help has the first paragraph of a docstring before the options, and the others after them.

    Parameters
    ----------
    program : str
        Module that is run as `python -m`.
    documentation : str, optional
        Its docstring, which Python leaves out where it optimises.
    addition : str
        Text after the docstring.
    """
    summary, _, rest = (documentation or "").partition("\n\n")
    return argparse.ArgumentParser(
        prog=f"python -m {program}",
        description=summary,
        epilog=rest + addition,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def positive_seconds(text: str) -> float:
    """Read a number of seconds above zero, LONGEST_S at most.

    Raises
    ------
    ValueError
        Where the text is no number.
    argparse.ArgumentTypeError
        Where the number is zero, negative, larger or NaN.
    """
    value = float(text)
    if not 0 < value <= LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds above 0 and up to {LONGEST_S:,.0f}")
    return value
