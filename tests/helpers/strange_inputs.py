"""Strategies of hypothesis for inputs that entries must refuse or understand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

MARKS = "x1s+-*/().0123456789eE,[]{}'\"=:_\\ψ\x00 \n\t∫;#%"

TEXTS = st.text(max_size=12) | st.text(alphabet=MARKS, max_size=20)

NUMBERS = (
    st.floats() | st.integers() | st.booleans() | st.none() | st.complex_numbers() | TEXTS
    | st.sampled_from([10**400, -(10**400), 1e308, -1e308, 5e-324, float("nan"), float("inf")])
)  # fmt: skip
"""What may stand in place of a number."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)

INSIDE = st.floats(1.0, 2.0)

KINDS = (
    arrays.floating_dtypes() | arrays.integer_dtypes() | arrays.unsigned_integer_dtypes() | arrays.boolean_dtypes()
    | arrays.complex_number_dtypes() | arrays.unicode_string_dtypes(max_len=3) | arrays.byte_string_dtypes(max_len=3)
    | arrays.datetime64_dtypes() | arrays.timedelta64_dtypes() | arrays.nested_dtypes(max_itemsize=64)
)  # fmt: skip

SHAPES = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)

GOOD_ROWS = arrays.arrays(np.float64, st.tuples(st.integers(0, 20), st.just(2)), elements=INSIDE)

VIEWS = st.sampled_from([
    lambda s: s, lambda s: s[::-1], lambda s: s[:, ::-1], lambda s: s[::2], np.asfortranarray, lambda s: s.T,
    lambda s: s.astype(">f8"), lambda s: s.astype(np.float32), lambda s: s.astype(np.longdouble), lambda s: s[:, :1],
    lambda s: s.astype(object), np.ndarray.tolist, lambda s: tuple(map(tuple, s)), torch.tensor, lambda s: s[None],
    lambda s: torch.tensor(s, requires_grad=True), lambda s: torch.tensor(s).to_sparse(), np.ma.masked_array,
    lambda s: pd.DataFrame(s, columns=["s1", "s2"]), lambda s: pd.DataFrame(s), lambda s: memoryview(s.copy()),
    lambda s: iter(s), lambda s: s.tobytes(), lambda s: np.broadcast_to(s[:1], s.shape) if len(s) else s,
    lambda s: np.ma.masked_invalid(s), lambda s: s.view(np.matrix) if len(s) else s, lambda s: {"s1": s[:, 0]},
    lambda s: np.rec.fromarrays(s.T, names="s1,s2") if len(s) else s, lambda s: pd.Series(s[:, 0]),
])  # fmt: skip

POINTS = (
    st.tuples(GOOD_ROWS, VIEWS).map(lambda pair: pair[1](pair[0]))
    | arrays.arrays(KINDS, SHAPES)
    | arrays.arrays(np.float64, st.tuples(st.integers(0, 4), st.just(2)))
    | st.lists(st.lists(NUMBERS, max_size=3), max_size=3)
    | NUMBERS
    | JSON
)
"""What may be given as points s (n, 2) of the box [1, 2]²."""

TERMS = st.sampled_from(
    [*"x1s+-*/().0123456789", "x1", "s1", "**", "exp(", "log(", "sqrt(", "tan(", "1e400", "pi", "-"]
)
FORMULAS = st.lists(TERMS, max_size=20).map("".join) | TEXTS

NAMES = st.sampled_from(["x1", "s1", "x", "pi", "exp", "F", "lambda", "__class__", "é", "x 1", ""]) | TEXTS


GOOD_FIELDS = {
    "name": "mine", "expression": "x1*s1", "variables": ("x1",), "parameters": ("s1",), "low": (1.0,), "high": (2.0,),
    "definitions": {"F": "x1 + s1"}, "draw": "uniform", "prescription": None,
}  # fmt: skip

STRANGE_FIELDS = {
    "name": TEXTS, "expression": FORMULAS | st.sampled_from(["1/F", "F**-0.5"]), "variables": st.lists(NAMES),
    "parameters": st.lists(NAMES), "low": st.lists(NUMBERS, max_size=2), "high": st.lists(NUMBERS, max_size=2),
    "definitions": st.dictionaries(NAMES, FORMULAS, max_size=2), "draw": st.sampled_from(["log-uniform", "normal"]),
    "prescription": st.sampled_from(["F", "G"]),
}  # fmt: skip


@st.composite
def integral_fields(draw):
    """Draw what `ParametricIntegral.from_expression` may be given: something strange in some of its fields."""
    strange = draw(st.sets(st.sampled_from(sorted(GOOD_FIELDS)), max_size=3))
    return GOOD_FIELDS | {field: draw(STRANGE_FIELDS[field] | JSON) for field in sorted(strange)}


def damaged(content: bytes):
    """Draw what may have become of a file: bits flipped, a part cut out, overwritten, or put in twice."""
    places = st.integers(0, max(len(content) - 1, 0))

    def flip(bits):
        changed = bytearray(content)
        for position, bit in bits:
            changed[position] ^= 1 << bit
        return bytes(changed)

    return (
        st.lists(st.tuples(places, st.integers(0, 7)), min_size=1, max_size=3).map(flip)
        | st.tuples(places, places).map(lambda ends: content[: min(ends)] + content[max(ends) :])
        | st.tuples(places, st.binary(max_size=8)).map(lambda new: content[: new[0]] + new[1] + content[new[0] :])
        | st.tuples(places, st.binary(max_size=8)).map(lambda new: content[: new[0]] + new[1])
        | st.binary(max_size=40)
    )


def changed_lines(text: str):
    """Draw a text of lines of which some are missing, repeated, or hold another word."""
    lines = text.splitlines()
    words = sorted({word for line in lines for word in line.split()})
    others = st.sampled_from(words) | TEXTS | JSON.map(repr)

    def changed(edits):
        kept = list(lines)
        for row, word, other in edits:
            parts = kept[row % len(kept)].split(" ")
            parts[word % len(parts)] = other
            kept[row % len(kept)] = " ".join(parts)
        return "\n".join(kept)

    edits = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9), others), min_size=1, max_size=3)
    return edits.map(changed) | st.sets(st.integers(0, len(lines) - 1), min_size=1).map(
        lambda rows: "\n".join(line for row, line in enumerate(lines) if row not in rows)
    )
