"""What tests of methods share: the list in which the costs of labels are noted."""

from __future__ import annotations

import pytest

from methods.surrogates import labels


@pytest.fixture
def costs():
    """Costs of the labels that are computed in the test."""
    token = labels.LABEL_COSTS.set([])
    yield labels.LABEL_COSTS.get()
    labels.LABEL_COSTS.reset(token)
