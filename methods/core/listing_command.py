"""Commands that list all things of a kind in a table, or say all that is known of those that are named."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import NamedTuple

from methods.core import text_table
from methods.core.errors import InputError


class Listing(NamedTuple):
    """A kind of thing, and what such a command says of it."""

    program: str
    """The command, as users type it."""
    documentation: str
    """Its summary and, after an empty line, examples and what the columns mean."""
    names: str
    """The text of --help about the names that the command takes."""
    table: Callable[[int], str]
    """Width -> a line for each thing, none of more characters than that."""
    details: Callable[[str, int], str]
    """Name and width -> all that is known of that thing; it raises InputError for an unknown name."""


def run(listing: Listing, arguments: list[str] | None) -> int:
    """Print the table or the details; return the exit status."""
    summary, _, examples = listing.documentation.partition("\n\n")
    parser = argparse.ArgumentParser(
        prog=listing.program,
        description=summary,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=listing.names)
    names = parser.parse_args(arguments).names
    width = text_table.terminal_width()
    try:
        print("\n\n".join(listing.details(name, width) for name in names) if names else listing.table(width))
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    return 0
