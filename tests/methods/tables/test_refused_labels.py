"""What tables and networks make of labels without those that their method calls wrong."""

from __future__ import annotations

import numpy as np
import pytest
from integrals import changing_sign, product
from test_complex_tables import INTEGRALS

import methods
from methods.base import InputError
from methods.tables import chebyshev_basis, grid_gaps
from methods.tables.coordinate_choice import Choice
from methods.tables.coordinates import Coordinates, Target

FIELDS = {
    "chebyshev": {"max_labels": 250},
    "total_degree": {"max_labels": 150, "n_pilot": 40},
    "differential_mlp": {"n_labels": 300, "n_iterations": 100, "gradient_weight": 0.0},
}
WRONG = "label_methods:SometimesWrong"


def rms(name, labels, integral):
    """Return the root mean square relative error of a method with these labels, and the method."""
    table = methods.create(name, labels=labels, **FIELDS[name]).fit(integral)
    s = integral.sample(300, seed=5)
    error = np.abs(table.integrate(s).value / integral.exact(s) - 1)
    return float(np.sqrt(np.mean(error**2))), table


@pytest.mark.parametrize(
    ("name", "integral", "largest"),
    [
        ("chebyshev", INTEGRALS["above"], 1e-9), ("total_degree", product(2), 1e-6),
        pytest.param("differential_mlp", product(2), 1e-3, marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_wrong_labels_that_say_so_cost_hardly_any_digits(name, integral, largest):
    without, table = rms(name, WRONG, integral)
    details = table.details_["pieces"][0] if integral.is_complex else table.details_
    assert details["n_refused"] > 0
    assert without < largest
    # Where errors are not stated nothing is refused, and the fit is ruined.
    assert rms(name, f"{WRONG},stated=0", integral)[0] > 100 * without


def test_a_fit_with_refused_labels_is_repeated_by_its_number_of_labels():
    integral, found = product(2), []
    for max_labels in (80, 80):
        found.append(methods.create("total_degree", labels=WRONG, max_labels=max_labels, n_pilot=20).fit(integral))
    assert found[0].details_ == found[1].details_
    assert found[0].details_["max_labels"] == 80


def test_too_many_gaps_on_a_grid_are_an_error():
    with pytest.raises(InputError, match=r"\d+ of \d+ labels on the grid .* take total_degree"):
        rms("chebyshev", f"{WRONG},share=0.3", product(2))


def test_gaps_of_a_polynomial_are_filled_exactly():
    low, high = np.zeros(2), np.ones(2)
    coordinates = Coordinates(low, high, np.full(2, 2.0))
    choice = Choice(coordinates, Target(0, 0, 1.0), 0.0)
    u = chebyshev_basis.nodes(7)
    values = np.polynomial.chebyshev.chebgrid2d(u, u, np.arange(9.0).reshape(3, 3))
    nodes = list(coordinates.s(np.stack([u, u], axis=1)).T)
    gaps = values.copy()
    gaps[0, 3] = gaps[6, 6] = np.nan
    np.testing.assert_allclose(grid_gaps.filled(gaps, nodes, choice), values, rtol=1e-11)
    assert grid_gaps.filled(values, nodes, choice) is values


def test_an_integral_that_changes_sign_keeps_labels_near_its_zeros():
    table = methods.create("chebyshev", max_labels=40, labels=f"{WRONG},share=0").fit(changing_sign())
    assert table.details_["n_refused"] == 0
