"""Inputs for the entries by a random number generator: damaged files, and words and formulas of random characters."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import methods

WORDS = ("**", "exp(", "log(", "sqrt(", "9**9**", "1e400", "pi", "nan", "None")
MARKS = [*"x1s+-*/().0123456789eE,[]{}'\"=:_\\ψ %", *WORDS]
"""Parts of random texts."""

CHOICES: tuple[Callable[[np.ndarray], Any], ...] = (
    lambda s: s[::-1],
    lambda s: s[:, ::-1],
    np.asfortranarray,
    lambda s: s.T,
    lambda s: s[0],
    lambda s: s[:0],
    lambda s: s[None],
    lambda s: s.astype(">f8"),
    lambda s: s.astype(np.float16),
    lambda s: s.astype(np.complex64),
    lambda s: s.astype(str),
    lambda s: s.astype(object),
    lambda s: s.astype(bool),
    lambda s: s.astype("M8[s]"),
    lambda s: s * 1e300,
    lambda s: np.where(s > np.median(s), np.nan, s),
    lambda s: np.where(s > np.median(s), np.inf, s),
    np.ma.masked_invalid,
    np.ndarray.tolist,
    np.ndarray.tobytes,
    iter,
    repr,
)
"""What may be done to good points: other memory, shapes, kinds, and values outside the box."""


def text(rng: random.Random, most: int = 30) -> str:
    """Return up to so many random parts of formulas and specs."""
    return "".join(rng.choices(MARKS, k=rng.randrange(1, most)))


def spec(rng: random.Random) -> str:
    """Return a method with a random value in one of its fields."""
    name = rng.choice(sorted(methods.METHODS))
    field = rng.choice(sorted(methods.create(name).params()))
    return f"{name},{field}={text(rng, 8)}"


def points(rng: random.Random, good: np.ndarray) -> Any:
    """Return some of good points s (n, m), changed in some way."""
    return rng.choice(CHOICES)(good[: rng.randrange(1, len(good) + 1)])


def one_bit(rng: random.Random, content: bytes) -> bytes:
    """Return the content of a file with one bit changed."""
    damaged = bytearray(content)
    damaged[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def changed_words(rng: random.Random, lines: Sequence[str]) -> bytes:
    """Return lines of which one lacks, or has a random text in place of a word."""
    kept = list(lines)
    row = rng.randrange(len(kept))
    words = kept[row].split(" ")
    words[rng.randrange(len(words))] = text(rng, 6)
    kept[row] = rng.choice(["", " ".join(words)])
    return "\n".join(kept).encode()
