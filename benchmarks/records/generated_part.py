"""The generated part of a document: what stands between two markers, which name the command that makes it."""

from __future__ import annotations

END = "<!-- table: end -->"


def begin(command: str) -> str:
    """Return the marker before what a command writes."""
    return f"<!-- table: begin (python -m {command}) -->"


def insert(document: str, command: str, text: str) -> str:
    """Return the document with the text between the two markers; raises ValueError where it lacks one of them."""
    before, marker, rest = document.partition(begin(command))
    _, end, after = rest.partition(END)
    if not marker or not end:
        raise ValueError(f"The document lacks the markers {begin(command)!r} and {END!r}.")
    return f"{before}{marker}\n\n{text}\n\n{end}{after}"
