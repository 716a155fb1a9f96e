"""The program behind `pylink.py`: it loads a compiled library and integrates at the points that it is sent.

A library calls std::terminate where it meets what it does not know, so it lives in a process of its own. One line of
JSON asks and one answers: first what to load, answered by the names of its parameters, then one phase-space point
after the other, answered by the series as text, or by an error. What the library says goes to stderr.

Run by path, so that nothing but pySecDec is imported: `python -P server.py`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any


def answer(requests: Iterator[str]) -> Iterator[Any]:
    """Yield one JSON value per line of `requests`."""
    from pySecDec.integral_interface import IntegralLibrary

    given = json.loads(next(requests))
    library = IntegralLibrary(given["library"])
    getattr(library, given["use"])(**given["fields"])
    yield library.info["names_of_real_parameters"]
    for line in requests:
        try:
            *_, series = library(real_parameters=json.loads(line), **given["options"])
        except RuntimeError as problem:
            yield {"error": str(problem)}
        else:
            yield {"series": series}


def main() -> None:
    """Answer the lines of stdin until it ends."""
    # Python prints and the library's std::cout go where the library's std::cerr goes.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for value in answer(sys.stdin):
        print(json.dumps(value), file=answers)


if __name__ == "__main__":
    main()
