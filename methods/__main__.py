"""List the registered methods, or say all that is known of some of them.

python -m methods                            one line for each, as wide as the terminal, or 120 columns in a pipe
python -m methods chebyshev lattice_qmc      what they do, by which paper, and their fields with defaults
"""

from __future__ import annotations

import inspect
import sys
import textwrap

import methods
from methods.base import Method
from methods.core import listing_command, text_table
from methods.core import names as lookup
from methods.core.listing_command import Listing

HEADER = ("method", "complex", "what it is")

COLUMNS = "complex: whether it treats integrals above threshold, whose values are complex"


def table(width: int) -> str:
    """Return one line per registered method, each of at most `width` characters."""
    classes = {name: _class(name) for name in methods.METHODS}
    rows = [(name, _yes_or_no(cls.treats_complex), _summary(cls)) for name, cls in classes.items()]
    return text_table.table([HEADER, *rows], width)


def details(name: str, width: int) -> str:
    """Return all that is known of a method, in lines of at most `width` characters.

    Raises
    ------
    InputError
        For an unknown name.
    """
    cls = _class(name)
    facts = {
        "what it is": _summary(cls),
        "source": cls.source,
        "version": str(cls.version),
        "treats complex integrals": _yes_or_no(cls.treats_complex),
        "fields": ", ".join(f"{field}={value!r}" for field, value in cls().params().items()),
    }
    wrapped = [textwrap.wrap(f"{fact}: {text}", width, subsequent_indent="    ") for fact, text in facts.items()]
    described = "\n".join(["", *(line.rstrip() for line in (inspect.getdoc(cls) or "").splitlines())])
    return "\n".join([name, *(line for lines in wrapped for line in lines)]) + f"\n{described}"


def _class(name: str) -> type[Method]:
    return type(methods.create(lookup.parse_spec(name)[0]))


def _summary(cls: type[Method]) -> str:
    """Return the first line of the module's docstring, which says what the method is."""
    return (inspect.getdoc(sys.modules[cls.__module__]) or "").partition("\n")[0]


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


LISTING = Listing(
    program="python -m methods",
    documentation=f"{__doc__}\n{COLUMNS}",
    names="a name of the table, or module:Class",
    table=table,
    details=details,
)


def main(arguments: list[str] | None = None) -> int:
    """Print the table or the details; return the exit status."""
    return listing_command.run(LISTING, arguments)


if __name__ == "__main__":
    sys.exit(main())
