"""Sectors of loop integrals where F changes sign: which are complex, on which side, and what is said of them."""

from __future__ import annotations

import json

import literature
import numpy as np
import pytest
from loop_texts import PROPAGATORS, massless_triangle

import references
from methods.base import InputError
from references import from_loop
from references.integrals import catalogue
from references.sectors import sector_files
from references.values import deformation, dispersion, sums

pytestmark = pytest.mark.pysecdec


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """Return the sectors of the one-loop box above threshold, as a file, and the lines that were reported."""
    folder = tmp_path_factory.mktemp("box")
    text = (catalogue.FOLDER / "box1l.toml").read_text()
    text = text.replace("s12 = [-30, -3]", "s12 = [4.5, 30]").replace("mH2 = [-30, -3]", "mH2 = [0.5, 1.5]")
    (folder / "box.toml").write_text(text)
    lines = []
    from_loop.make(folder / "box.toml", folder / "box.json", lines.append)
    return folder / "box.json", lines


def test_sectors_are_the_registered_ones(box):
    path, _ = box
    whole, registered = references.integral(str(path)), references.integral("box1l_sectors_physical")
    assert (whole.prescription, len(whole.terms), len(registered.terms)) == ("F", 3, 4)
    # Summed over the orders of x, a sum of sectors is the same whatever they are called.
    rng = np.random.default_rng(0)
    s, x = whole.sample(20, seed=1), rng.random((20, 3))
    orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
    values = [sum(integral.integrand(s, x[:, order]) for order in orders) for integral in (whole, registered)]
    np.testing.assert_allclose(*values, rtol=1e-10)


def test_what_is_said_of_each_sector(box):
    _, lines = box
    assert [line for line in lines if line.startswith("box1l_s1: I(s) has a threshold at s12 = 9, which is in the box")]
    assert "box1l_s1: F vanishes at x = (1, 0, 1) where s12 = 9." in lines
    assert "box1l_s3: F vanishes at x = (0, 1, 1) where s12 = 9 - 2*mH2." in lines
    assert "box1l_sum: I(s) has a threshold at s12 = 4." in lines
    assert not [line for line in lines if line.startswith("box1l_sum: F")]


@pytest.mark.slow
def test_the_sum_is_on_the_physical_side(box):
    s = np.array([[6.0, -4.0, 0.6]])
    found = deformation.converge(references.integral(str(box[0])), s, epsrel=1e-4)
    np.testing.assert_allclose(found.value, dispersion.values(s), rtol=1e-3)
    assert found.value[0].imag > 0


def test_real_sectors_of_a_complex_integral_stay_real(tmp_path):
    """With s12 just above 4, only the sectors of its two lines see the threshold."""
    text = (catalogue.FOLDER / "box1l.toml").read_text()
    text = text.replace("s12 = [-30, -3]", "s12 = [3, 5]").replace("mH2 = [-30, -3]", "mH2 = [0.5, 0.6]")
    (tmp_path / "box.toml").write_text(text)
    from_loop.make(tmp_path / "box.toml", tmp_path / "box.json", lambda _: None)
    names = sector_files.names(sector_files.read(tmp_path / "box.json"))
    made = {name: references.integral(f"{tmp_path / 'box.json'}:{name}").is_complex for name in names}
    assert made == {"box1l_s1": False, "box1l_s2": True, "box1l_s3": False, "box1l_sum": True}


@pytest.mark.slow
def test_a_negative_f_has_an_integral_that_is_real(tmp_path):
    (tmp_path / "massless.toml").write_text(massless_triangle(1, 9))
    lines = []
    from_loop.make(tmp_path / "massless.toml", tmp_path / "massless.json", lines.append)
    whole = references.integral(str(tmp_path / "massless.json"))
    assert not whole.is_complex
    assert {sector.positive for sector in sector_files.read(tmp_path / "massless.json")["sectors"]} == {"is negative"}
    s = np.array([[2.0, 3.0, 5.0]])
    value = sums.converge(whole, s, epsrel=1e-5).value[0]
    assert value == pytest.approx(-literature.triangle_massless(-2, -3, -5), rel=1e-5)


def test_propagators_of_the_other_sign_are_refused(tmp_path):
    path = tmp_path / "triangle.toml"
    good = '["k**2 - m**2", "(k + p1)**2 - m**2", "(k - p2)**2 - m**2"]'
    bad = '["m**2 - k**2", "m**2 - (k + p1)**2", "m**2 - (k - p2)**2"]'
    path.write_text(PROPAGATORS.format(propagators=good))
    from_loop.make(path, tmp_path / "triangle.json", lambda _: None)
    path.write_text(PROPAGATORS.format(propagators=bad))
    with pytest.raises(InputError, match=r"m\*\*2 - k\*\*2 of triangle .*; write propagators as .k\*\*2 - m\*\*2."):
        from_loop.make(path, tmp_path / "triangle.json", lambda _: None)


def test_propagators_of_the_other_sign_are_refused_at_two_loops(tmp_path):
    """There U is the same for both signs."""
    sunrise = ["k1**2 - m**2", "k2**2 - m**2", "(k1 + k2 + p)**2 - m**2"]
    rest = 'loop_momenta = ["k1", "k2"]\nexternal_momenta = ["p"]\ndimension = 2\n'
    rules = '[rules]\n"p*p" = "s"\n"m**2" = "1"\n[box]\ns = [-30, -3]\n'
    path = tmp_path / "sunrise.toml"
    path.write_text(f'name = "sunrise"\npropagators = {json.dumps(sunrise)}\n{rest}{rules}')
    from_loop.make(path, tmp_path / "sunrise.json", lambda _: None)
    turned = [f"-({propagator})" for propagator in sunrise]
    path.write_text(f'name = "sunrise"\npropagators = {json.dumps(turned)}\n{rest}{rules}')
    with pytest.raises(InputError, match="has a negative square of a loop momentum"):
        from_loop.make(path, tmp_path / "sunrise.json", lambda _: None)
