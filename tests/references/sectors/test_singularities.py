"""What is said of a complex integral before it is integrated."""

from __future__ import annotations

import pytest

from methods.base import ParametricIntegral
from references.sectors.singularities import sentences


def bubble(f: str, **box: tuple[float, float]) -> ParametricIntegral:
    """Return 1/(F − i0) with these invariants in its box."""
    low, high = zip(*box.values(), strict=True)
    return ParametricIntegral.from_expression(
        name="bubble", variables=["x"], parameters=list(box), definitions={"F": f}, expression="1/F",
        prescription="F", low=low, high=high,
    )  # fmt: skip


def test_a_threshold_of_one_invariant_is_named():
    assert sentences(bubble("1 - s*x*(1 - x)", s=(5.0, 30.0))) == ["I(s) has a threshold at s = 4."]


@pytest.mark.parametrize("ends", [(2.0, 8.0), (4.0, 20.0)], ids=["inside", "at the border"])
def test_what_a_threshold_in_the_box_means_is_said(ends):
    (said,) = sentences(bubble("1 - s*x*(1 - x)", s=ends))
    assert said.startswith("I(s) has a threshold at s = 4, which is in the box: near it digits are few")


@pytest.mark.parametrize(
    ("f", "box"),
    [
        ("m2 - s*x*(1 - x)", {"s": (5.0, 30.0), "m2": (1.0, 1.2)}),
        ("1 - s**2*x*(1 - x)", {"s": (3.0, 5.0)}),
        ("s - 4*x", {"s": (1.0, 2.0)}),
    ],
    ids=["it moves", "not affine", "negative without it"],
)
def test_that_no_invariant_has_a_threshold_of_its_own_is_said_with_the_reasons(f, box):
    said = sentences(bubble(f, **box))[0]
    assert said.startswith("No invariant has a threshold of its own that could be found: F never falls with it, ")
    assert said.endswith("or the threshold moves with the others.")
