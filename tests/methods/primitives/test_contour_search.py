"""The search for maps of few variables: what is said of a map is said of the one that is taken."""

from __future__ import annotations

import dataclasses

import pytest
from integrals import product

from methods.primitives import contour_fit, contour_search
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.contour_search import Search


class Worse(contour_fit.Fit):
    """Crowds all nodes at one end, and calls log g nearly constant there."""

    def run(self, steps: int) -> float:
        if not steps:
            return super().run(0)
        self.map = dataclasses.replace(self.map, a=self.map.a + 3.0)
        return 1e-12


def test_where_a_fit_made_it_worse_the_spread_is_that_of_the_plain_rule(monkeypatch):
    monkeypatch.setattr(contour_search, "POINTS", 1024)
    monkeypatch.setattr(contour_search, "Fit", Worse)
    search = Search(product(2), BoxCoordinates(product(2), "cpu"), 0, "cpu")
    found = search.final(search.short((0, 1)).contour, 1)
    assert not found.contour.a.any()
    assert found.spread == pytest.approx(search.judged(found.contour).spread)
    assert found.spread > 0.1
