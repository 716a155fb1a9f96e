"""The header of a saved method: whose integral it is, however that is written."""

from __future__ import annotations

import pytest

import methods
from methods.base import ParametricIntegral
from methods.core.storage import StorageError


def integral(expression: str, f: str = "1 - s*x1*x2") -> ParametricIntegral:
    return ParametricIntegral.from_expression(
        name="written", expression=expression, definitions={"F": f, "U": "1 + x1"}, variables=("x1", "x2"),
        parameters=("s",), low=(2.0,), high=(3.0,), prescription="F",
    )  # fmt: skip


@pytest.fixture
def saved(tmp_path):
    method = methods.create("chebyshev", max_labels=30).fit(integral("x1/F**2 + x2/F**2 + U/F**2"), budget=5)
    method.save(tmp_path / "model")
    return tmp_path / "model"


def test_terms_may_be_taken_together(saved):
    methods.load(saved, integral("(x1 + x2)/F**2 + U/F**2"))
    methods.load(saved, integral("(x1 + x2 + U)/F**2"))


def test_the_other_side_of_a_zero_is_another_integral(saved):
    with pytest.raises(StorageError, match="complex conjugate"):
        methods.load(saved, integral("(x1 + x2 + U)/F**2", f="s*x1*x2 - 1"))
