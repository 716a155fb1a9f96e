"""Face-free forms of one-loop integrals: equal to the sum of sectors, and free of zeros at corners."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import sympy
from loop_texts import MASSIVE_TRIANGLE

import references
from methods.base import InputError
from methods.core import thresholds
from references import from_loop
from references.integrals import catalogue
from references.sectors import face_free
from references.sectors.quadratic_form import QuadraticForm
from references.values import arcs, deformation

pytestmark = pytest.mark.pysecdec

PHYSICAL = ["box1l_masses_physical", "pentagon1l_physical", "triangle1l_physical"]

LEGS = ["p1", "p2", "p3", "p4"]

SQUARE = arcs.Arcs((0.41 - 0.61j, 1.07 - 1.71j, 0.36 - 1.19j))
"""A contour for two lines of a threshold, a third and a fourth, found on the box of gg → HH."""

BUBBLE = """
name = "bubble"
dimension = 2
lines = [["m", 1, 2], ["mB", 2, 1]]
legs = [["p1", 1], ["p2", 2]]
rules = {"p1*p1" = "s", "p2*p2" = "s", "p1*p2" = "-s", "m**2" = "1", "mB**2" = "1"}
box = {s = [4.5, 30]}
"""


@pytest.fixture
def make(tmp_path):
    """Return a function from TOML text to a face-free integral and the lines that were reported."""

    def made(text):
        source, target = tmp_path / "input.toml", tmp_path / "input.json"
        source.write_text(text)
        lines = []
        from_loop.make(source, target, lines.append, face_free.integrand)
        return references.integral(str(target)), lines

    return made


def loop(name, **ranges):
    """Return the text of a loop integral of the catalogue, with other ranges of some parameters."""
    lines = (catalogue.FOLDER / f"{name}.toml").read_text().splitlines()
    for parameter, (low, high) in ranges.items():
        (i,) = [i for i, line in enumerate(lines) if line.startswith(f"{parameter} = [")]
        lines[i] = f"{parameter} = [{low}, {high}]"
    return "\n".join(lines)


def tensor_rule(integral, s, order):
    """Integrate at s (n, m) by a tensor Gauss–Legendre rule on the real cube."""
    return arcs.integrate(integral, arcs.Arcs((1.0,) * integral.k), order, s)[0].real


# --- the same function of s ----------------------------------------------------------------------------------------


def test_the_box_of_gg_to_hh_is_the_registered_one(make):
    box, _ = make(loop("box1l", s12=(4.5, 30), mH2=(0.5, 1.5)))
    registered = references.integral("box1l_physical")
    assert (box.prescription, box.name, len(box.terms)) == ("F", "box1l", 1)
    assert (box.parameters, box.low, box.high) == (registered.parameters, registered.low, registered.high)
    rng = np.random.default_rng(0)
    s, x = box.sample(50, seed=1), rng.random((50, 3)) - 0.3j * rng.random((50, 3))
    np.testing.assert_allclose(box.integrand(s, x), registered.integrand(s, x[:, [0, 2, 1]]), rtol=1e-12)


def test_a_bubble_has_its_closed_form(make):
    bubble, _ = make(BUBBLE)
    s = bubble.sample(5, seed=1)
    value, _ = arcs.integrate(bubble, arcs.Arcs((np.exp(-1.2j),)), 48, s)
    np.testing.assert_allclose(value, references.integral("bubble_physical").exact(s), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "ranges", "order", "tolerance"),
    [
        ("box1l", {}, 32, 1e-9),  # nested, all over the Euclidean box
        ("box1l", {"s12": (-30, 8)}, 32, 1e-6),  # half of an edge, twice
        ("box1l", {"s12": (-30, 8), "s14": (-30, 8), "mH2": (0, 0.5)}, 32, 1e-6),  # two thresholds
        ("box1l_masses", {"s12": (-60, 20)}, 24, 1e-4),  # a square, whose middle is at a ratio of masses
        ("pentagon1l_masses", {"s12": (-40, 20)}, 10, 1e-3),
    ],
)
def test_on_the_real_cube_it_is_the_sum_of_sectors(make, name, ranges, order, tolerance):
    integral, _ = make(loop(name, **ranges))
    assert integral.is_complex == bool(ranges)
    whole = references.integral(f"{name}_sum")
    s = np.array([np.clip([-3.0, -2, -4, -5, -2.5, -3.5, -2][: whole.m], whole.low, whole.high)])
    if "mB2" in whole.parameters:
        s[:, whole.parameters.index("mB2")] = 1.5
    values = [tensor_rule(i, s, order) for i in (integral, whole)]
    np.testing.assert_allclose(*values, rtol=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["box1l_masses_physical", "triangle1l_physical"])
def test_above_threshold_it_is_the_sum_of_sectors(name, tmp_path):
    integral = references.integral(str(catalogue.FOLDER / f"{name}.json"))
    from_loop.make(catalogue.FOLDER / f"{name}.toml", tmp_path / "sectors.json", lambda _: None)
    sectors = references.integral(str(tmp_path / "sectors.json"))
    s = integral.sample(2, seed=7)
    # Two contours of different kinds, one of them on another integrand.
    on_sectors = deformation.converge(sectors, s, epsrel=1e-4)
    on_arcs = arcs.converge(integral, s, epsrel=1e-4)
    difference = np.abs(on_arcs.value - on_sectors.value)
    assert (difference <= 3 * (on_arcs.error + on_sectors.error)).all()
    assert (difference <= 1e-3 * np.abs(on_arcs.value)).all()
    assert (np.abs(on_arcs.value.imag) > 0.1 * np.abs(on_arcs.value)).all()


@pytest.mark.slow
def test_the_pentagon_above_threshold_is_a_sum_of_boxes(make):
    """In four dimensions I5 = Σ c_i I4^(i), (2 − s_ij) c = 1: Bern, Dixon & Kosower, Phys. Lett. B 302 (1993) 299."""
    text = (catalogue.FOLDER / "pentagon1l_physical.toml").read_text()
    rules = "\n".join(line for line in text[text.index("[rules]") :].splitlines() if "p5" not in line)
    propagators = [f"({k})**2 - m**2" for k in ("k", "k + p2", "k + p2 + p3", "k + p2 + p3 + p4", "k - p1")]
    pentagon = references.integral(str(catalogue.FOLDER / "pentagon1l_physical.json"))
    s = pentagon.sample(1, seed=11)
    s12, s23, s34, s45, s51 = s[0]
    cuts = np.zeros((5, 5))
    between = {"s12": (1, 4), "s23": (0, 2), "s34": (1, 3), "s45": (2, 4), "s51": (0, 3)}
    cuts[[0, 0, 1, 1, 2], [2, 3, 3, 4, 4]] = s23, s51, s34, s12, s45
    coefficients = np.linalg.solve(2 - cuts - cuts.T, np.ones(5))
    boxes = []
    for i in range(5):
        four = [p for j, p in enumerate(propagators) if j != i]
        # Without line i, nothing depends on the invariants of its cuts, which are numbers then.
        kept, own = [], rules
        for column, (name, lines) in enumerate(between.items()):
            if i in lines:
                own = re.sub(rf"^{name} = .*$", "", own, flags=re.M)
                own = own.replace(name, f"({float(s[0, column])!r})")
            else:
                kept.append(column)
        own = f'loop_momenta = ["k"]\nexternal_momenta = {LEGS}\n{own}'
        box, _ = make(f'name = "b"\npropagators = {four}\n{own}')
        # Without line 2 or 5 there is no threshold.
        assert box.is_complex == (i not in (1, 4))
        contour = SQUARE if box.is_complex else arcs.Arcs((1.0,) * 3)
        boxes.append(arcs.integrate(box, contour, 24, s[:, kept])[0][0])
    (value,), _ = arcs.integrate(pentagon, arcs.Arcs((SQUARE.c[0], 1.0, *SQUARE.c[1:])), 14, s)
    assert value == pytest.approx(coefficients @ boxes, rel=1e-4)
    # Negative control: each box is needed.
    assert (np.abs(coefficients * boxes) > 1e-3 * abs(value)).all()


# --- corners and thresholds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PHYSICAL)
def test_stored_forms_are_above_one_threshold_and_free_of_corner_zeros(name):
    path = catalogue.FOLDER / f"{name}.json"
    integral = references.integral(str(path))
    assert (integral.name, integral.prescription, len(integral.terms)) == (name, "F", 1)
    assert thresholds.corner_zeros(integral) == []
    ((parameter, threshold),) = thresholds.thresholds(integral).items()
    assert 0 < threshold < integral.low[integral.parameters.index(parameter)]
    assert json.loads(path.read_text())["sectors"][0]["prescription"] == "F"


def test_only_the_threshold_is_left_at_a_corner(make):
    _, lines = make(loop("box1l", s12=(2, 8), mH2=(0.5, 1.5)))
    assert [line for line in lines if "vanishes" in line] == [
        "box1l: F vanishes at x = (1, 0, 1), and 1 more, where s12 = 4."
    ]
    assert [line for line in lines if line.startswith("box1l: I(s) has a threshold at s12 = 4, which is in the box")]


def test_a_threshold_without_a_place_is_reported(make):
    _, lines = make(loop("box1l", s12=(4.5, 8), mH2=(4.5, 5)))
    left = [line for line in lines if "inside an edge" in line]
    assert left == [
        f"The threshold of lines {i} and {j} is left inside an edge, where no arc is causal."
        for i, j in ((2, 4), (3, 4))
    ]
    _, lines = make(BUBBLE.replace('"mB**2" = "1"', '"mB**2" = "2"').replace("4.5", "7"))
    assert "The threshold of lines 1 and 2 is left inside an edge, where no arc is causal." in lines


def test_thresholds_of_varying_masses_are_looked_for_all_over_the_box():
    """At m² = 0.2, in a corner, (1 + m)² = 2.09; at the ratio of the centre the smallest F is 0.43 > 0."""
    s, square = sympy.symbols("s square")
    one = sympy.Integer(1)

    def pairs(highest):
        form = QuadraticForm(
            masses=(one, square), cuts={(0, 1): s}, parameters=(s, square), low=(1.0, 0.2), high=(highest, 5.0)
        )
        return form.threshold_pairs()

    assert pairs(2.5) == [(0, 1)]
    assert pairs(2.0) == []


# --- what is refused -----------------------------------------------------------------------------------------------


def test_two_loops_and_massless_lines_are_refused(make):
    with pytest.raises(InputError, match=r"face-free form is for one loop.*that of kite2l is .*Make sectors of it"):
        make(loop("kite2l"))
    massless = loop("box1l").replace('["m", 2, 3]', '["0", 2, 3]')
    with pytest.raises(InputError, match="squared mass of line 2 of box1l is 0, and F vanishes where"):
        make(massless)


def test_a_threshold_at_the_border_of_the_box_is_refused(make):
    """As it is of sectors: F at s = 4 is (X_i − X_j)² on an edge."""
    with pytest.raises(InputError, match=r"F of triangle falls to 0 between lines \d and \d, whose threshold is"):
        make(MASSIVE_TRIANGLE.replace("s = [-30, -3]", "s = [1.5, 4]"))
    below, _ = make(MASSIVE_TRIANGLE.replace("s = [-30, -3]", "s = [1.5, 3.999]"))
    assert not below.is_complex


def test_a_box_that_begins_at_a_threshold_is_made_and_the_threshold_reported(make):
    beyond, lines = make(MASSIVE_TRIANGLE.replace("s = [-30, -3]", "s = [4, 20]"))
    assert beyond.is_complex
    assert [line for line in lines if line.startswith("triangle: I(s) has a threshold at s = 4, which is in the box")]
    assert [line for line in lines if "F vanishes at x = " in line]


def test_a_mass_as_a_parameter_is_told_to_be_squared(make):
    text = loop("box1l").replace('"m**2" = "1"', '"m**2" = "mt**2"') + "\nmt = [0.5, 1.5]\n"
    with pytest.raises(InputError, match=r"is mt\*\*2, not of first degree in mt, .*take the square as the parameter"):
        make(text)


def test_where_no_contour_is_likely_no_next_step_is_advised(tmp_path, capsys):
    path = tmp_path / "bubble.toml"
    path.write_text(BUBBLE.replace('"mB**2" = "1"', '"mB**2" = "msq"').replace("30]", "30], msq = [0.2, 0.8]"))
    assert from_loop.main([str(path)]) == 0
    assert "Next: python -m benchmarks.accuracy" in capsys.readouterr().out
    assert from_loop.main([str(path), "--face-free"]) == 0
    said = capsys.readouterr().out
    assert "Methods will probably find no contour" in said
    assert "run this without --face-free" in said
    assert "Next:" not in said
    assert "bubble.json is overwritten; it held bubble_s1, bubble_s2, bubble_sum." in said


def test_command_line(tmp_path, capsys):
    (tmp_path / "box.toml").write_text(loop("box1l"))
    assert from_loop.main([str(tmp_path / "box.toml"), "--face-free"]) == 0
    said = capsys.readouterr().out
    assert f"{tmp_path / 'box.json'}: box1l\n" in said
    integral = references.integral(str(tmp_path / "box.json"))
    assert (integral.name, integral.is_complex) == ("box1l", False)
