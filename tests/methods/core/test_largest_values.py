"""Numbers that no memory holds are found, alone and in lists with one number for each piece of the box."""

from __future__ import annotations

import pytest

import methods
from methods.base import InputError
from methods.core import largest_values


@pytest.mark.parametrize("value", [10**9, [10**9], [2000, 10**9]])
@pytest.mark.parametrize("name", ["chebyshev", "total_degree", "tensor_train"])
def test_more_labels_than_any_memory_holds_are_refused(name, value):
    with pytest.raises(InputError, match=rf"{name}\.max_labels is 1000000000, .* give at most 100000000\."):
        methods.create(name, max_labels=value)


def test_what_may_be_kept_in_memory_is_no_problem():
    largest = largest_values.LARGEST
    assert largest_values.problem(largest) is None
    assert largest_values.problem({field: [1, value] for field, value in largest.items()}) is None
    assert largest_values.problem({"n_pilot": None, "max_labels": [None, 2.5e300], "my_field": 10**12}) is None
