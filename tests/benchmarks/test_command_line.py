"""The help of a command is its docstring around its options, and seconds are positive."""

from __future__ import annotations

import argparse

import pytest

from benchmarks.command_line import documented_parser, positive_seconds


def test_help_has_the_docstring_around_the_options():
    parser = documented_parser("benchmarks.mine", "What it does.\n\n    an example\n\nHow.\n", "\nNames: a, b")
    parser.add_argument("--runs", help="how many")
    text = parser.format_help()
    parts = ["usage: python -m benchmarks.mine", "What it does.", "how many", "    an example\n\nHow.\n", "Names: a, b"]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)


def test_a_module_without_its_docstring_has_a_parser():
    assert "usage: python -m benchmarks.mine" in documented_parser("benchmarks.mine", None).format_help()


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "1e8"])
def test_other_numbers_are_no_seconds(text):
    with pytest.raises(argparse.ArgumentTypeError, match="no number of seconds above 0 and up to 10,000,000"):
        positive_seconds(text)


def test_seconds_are_read():
    assert positive_seconds("1e-3") == 1e-3
    with pytest.raises(ValueError, match="could not convert"):
        positive_seconds("long")
