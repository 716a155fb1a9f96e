"""Loop integrals from their propagators: the sectors are the papers', their sums are the literature's."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import subprocess
import sys
from pathlib import Path

import literature
import numpy as np
import pytest
import sympy
from loop_texts import MASSIVE_TRIANGLE as TRIANGLE
from loop_texts import PROPAGATORS, massless_triangle, polygon

import references
from methods.base import InputError
from methods.core.integrand import integrand_of
from references import from_loop
from references.integrals import catalogue
from references.sectors import decompose, face_free, loop_input, positivity, sector_files
from references.values import sums

pytestmark = pytest.mark.pysecdec

EXAMPLES = sorted(catalogue.FOLDER.glob("*.toml"))

FOUR_LEGS = """
"p1*p1" = "{p1}"
"p2*p2" = "{p2}"
"p3*p3" = "{p3}"
"p4*p4" = "{p4}"
"p1*p2" = "(s - {p1} - {p2})/2"
"p3*p4" = "(s - {p3} - {p4})/2"
"p1*p4" = "(t - {p1} - {p4})/2"
"p2*p3" = "(t - {p2} - {p3})/2"
"p1*p3" = "({p2} + {p4} - s - t)/2"
"p2*p4" = "({p1} + {p3} - s - t)/2"
"""

BOX = """
name = "box"
lines = [["{m}", 1, 2], ["{m}", 2, 3], ["{m}", 3, 4], ["{m}", 4, 1]]
legs = [["p1", 1], ["p2", 2], ["p3", 3], ["p4", 4]]
[rules]
{rules}
[box]
s = [-30, -3]
t = [-30, -3]
"""

MASSIVE_BOX = BOX.format(m="m", rules=FOUR_LEGS.format(p1=0, p2=0, p3=0, p4=0) + '"m**2" = "1"')
OFF_SHELL_BOX = BOX.format(m="0", rules=FOUR_LEGS.format(p1=-3, p2=-10, p3=-5, p4=-4))
ON_SHELL_BOX = BOX.format(m="0", rules=FOUR_LEGS.format(p1=0, p2=0, p3=0, p4=0))

OFF_SHELL_TRIANGLE = massless_triangle(-9, -1)


@pytest.fixture
def make(tmp_path):
    """Return a function from TOML text to the path of the file of sectors."""

    def made(text):
        source, target = tmp_path / "input.toml", tmp_path / "input.json"
        source.write_text(text)
        from_loop.make(source, target, report=lambda _: None)
        return target

    return made


# --- the papers' sectors -------------------------------------------------------------------------------------------


def polynomials(integral):
    """Return U and F as {powers of x: coefficient}, and the powers of x in front."""
    expression = integral.expression
    named = {str(name): sympy.Poly(p, *expression.variables).as_dict() for name, p in expression.polynomials.items()}
    front = [sympy.degree(sympy.numer(expression.outer), x) for x in expression.variables]
    return named.get("U", {(0,) * integral.k: sympy.Integer(1)}), named["F"], front


def same_up_to_names(one, other):
    """Tell whether two sectors differ by the names of their Feynman parameters only."""
    (U1, F1, front1), (U2, F2, front2) = polynomials(one), polynomials(other)
    if (len(U1), len(F1), sorted(front1)) != (len(U2), len(F2), sorted(front2)):
        return False

    def permuted(polynomial, order):
        return {tuple(powers[i] for i in order): coefficient for powers, coefficient in polynomial.items()}

    def agrees(order):
        if [front1[i] for i in order] != front2:
            return False
        pairs = (permuted(U1, order), U2), (permuted(F1, order), F2)
        return all(a.keys() == b.keys() and all(sympy.expand(a[p] - b[p]) == 0 for p in a) for a, b in pairs)

    return any(map(agrees, itertools.permutations(range(one.k))))


@pytest.mark.parametrize(("name", "distinct", "counted"), [("box1l", 3, 4), ("box2l", 18, 30)])
def test_the_papers_integral_is_one_of_the_sectors(name, distinct, counted):
    content = sector_files.read(catalogue.FOLDER / f"{name}.json")
    assert len(content["sectors"]) == distinct
    # JHEP counts 3 and 30: the first without, the second with sectors that are equal by symmetry.
    assert sum(sector.multiplicity for sector in content["sectors"]) == counted
    printed = references.integral(name)
    found = [n for n in sector_files.names(content)[:-1] if same_up_to_names(references.integral(n), printed)]
    assert len(found) == 1
    s = printed.sample(3, seed=1)
    values = [sums.converge(references.integral(n), s, epsrel=1e-6).value for n in (found[0], name)]
    np.testing.assert_allclose(*values, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("source", EXAMPLES, ids=lambda path: path.stem)
def test_stored_sectors_are_what_is_made_of_their_input_now(source, tmp_path):
    target = tmp_path / "again.json"
    is_face_free = "factor" in json.loads(source.with_suffix(".json").read_text())["sectors"][0]
    form = face_free.integrand if is_face_free else decompose.decompose
    from_loop.make(source, target, report=lambda _: None, form=form)
    made, stored = (json.loads(path.read_text()) for path in (target, source.with_suffix(".json")))
    # Another version of pySecDec may well make the same.
    assert made.pop("made_by").split()[0] == stored.pop("made_by").split()[0] == "pySecDec"
    assert made == stored
    assert stored["input_hash"] == loop_input.read(source).digest()


# --- the literature's integrals ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "known"),
    [
        (TRIANGLE, lambda s: literature.triangle_equal_masses(s, 1.0)),
        (OFF_SHELL_TRIANGLE, literature.triangle_massless),
        (MASSIVE_BOX, lambda s, t: literature.box_equal_masses(s, t, 1.0)),
        (OFF_SHELL_BOX, lambda s, t: literature.box_massless(s, t, -3, -10, -5, -4)),
    ],
    ids=["triangle, massive", "triangle, off shell", "box, massive", "box, off shell"],
)
def test_sums_over_sectors_are_known_integrals(make, text, known):
    whole = references.integral(str(make(text)))
    s = np.concatenate([whole.sample(4, seed=2), [whole.low, whole.high]])
    result = sums.converge(whole, s, epsrel=1e-11)
    exact = np.array([known(*row) for row in s])
    np.testing.assert_allclose(result.value, exact, rtol=1e-10)
    assert (np.abs(result.value - exact) <= 10 * result.error).all()
    # Negative control: without one of its terms it is another integral.
    expression = whole.expression.terms[0]
    part = dataclasses.replace(whole, expression=expression, integrand=integrand_of(expression))
    assert (np.abs(sums.converge(part, s, epsrel=1e-6).value / exact - 1) > 0.05).all()


@pytest.mark.slow
def test_propagators_say_the_same_as_a_graph(make):
    as_graph = references.integral(str(make(TRIANGLE)))
    text = TRIANGLE.replace(
        'lines = [["m", 1, 2], ["m", 2, 3], ["m", 3, 1]]\nlegs = [["p1", 1], ["p2", 2], ["p3", 3]]',
        'propagators = ["k**2 - m**2", "(k + p1)**2 - m**2", "(k - p2)**2 - m**2"]\n'
        'loop_momenta = ["k"]\nexternal_momenta = ["p1", "p2"]',
    )
    text = "\n".join(line for line in text.splitlines() if "p3" not in line)
    as_propagators = references.integral(str(make(text)))
    s = as_graph.sample(3, seed=1)
    values = [sums.converge(integral, s, epsrel=1e-10).value for integral in (as_graph, as_propagators)]
    np.testing.assert_allclose(*values, rtol=1e-9)


def test_sectors_are_integrals_by_name(make):
    path = make(TRIANGLE)
    whole, first = references.integral(str(path)), references.integral(f"{path}:triangle_s1")
    assert (whole.name, first.name) == ("triangle_sum", "triangle_s1")
    assert (whole.k, whole.parameters) == (2, ("s",))
    with pytest.raises(InputError, match=r"no integral 'triangle_s9'; it has triangle_s1"):
        references.integral(f"{path}:triangle_s9")
    with pytest.raises(InputError, match=r"There is no file .*nowhere.json.*python -m references\.from_loop"):
        references.integral("nowhere.json")
    good = path.read_text()
    path.write_text(good.replace('"source": "', '"source": "again, '))
    assert references.integral(str(path)).source.startswith("again, ")  # a file that has changed is read again
    for content in ("{}", '{"schema": 1}', '{"schema": 2}', '{"schema": 1, "name": "a", "sectors": [{}]}', "["):
        path.write_text(content)
        with pytest.raises(InputError, match="no file of sectors"):
            references.integral(str(path))


# --- what is refused -----------------------------------------------------------------------------------------------


def test_a_pole_is_refused_with_its_sector(make):
    with pytest.raises(InputError, match=r"Sector \d+ of box holds x\d\*\*\(-\d\) at ε = 0, a pole in ε"):
        make(ON_SHELL_BOX)


@pytest.mark.slow
def test_a_divergence_at_large_momenta_is_refused(make):
    bubble = """
name = "bubble"
lines = [["m", 1, 2], ["m", 2, 1]]
legs = [["p1", 1], ["p2", 2]]
rules = {"p1*p1" = "s", "p2*p2" = "s", "p1*p2" = "-s", "m**2" = "1"}
box = {s = [-30, -3]}
"""
    with pytest.raises(InputError, match=r"pole in ε in all its sectors.*Γ\(0\)"):
        make(bubble)
    whole = references.integral(str(make("dimension = 2" + bubble)))
    s = np.array([[-7.0]])
    np.testing.assert_allclose(
        sums.converge(whole, s, epsrel=1e-12).value, references.integral("bubble").exact(s), rtol=1e-11
    )


@pytest.mark.slow
@pytest.mark.parametrize(("high", "is_complex"), [(3.999, False), (4.001, True), (20.0, True)])
def test_a_threshold_in_the_box_makes_the_integral_complex(make, high, is_complex):
    path = make(TRIANGLE.replace("s = [-30, -3]", f"s = [-30, {high}]"))
    whole, sectors = references.integral(str(path)), sector_files.read(path)["sectors"]
    assert whole.prescription == ("F" if is_complex else None)
    assert (positivity.CHANGES in {sector.positive for sector in sectors}) == is_complex
    assert ("prescription" in path.read_text()) == is_complex


def test_a_threshold_at_the_border_of_the_box_cannot_be_decided(make):
    text = TRIANGLE.replace("s = [-30, -3]", "s = [-30, 4]")
    with pytest.raises(InputError, match=r"F of sector \d of triangle falls to .* at x1 = .*cannot be decided"):
        make(text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"m**2" = "1"', "", "F of triangle still holds m; give rules"),
        ('"s/2"', "\"__import__('os').system('touch owned')\"", "not allowed in a formula"),
        ('"m**2" = "1"', "\"m**2\" = \"open('owned', 'w')\"", "not allowed in a formula"),
        ("s = [-30, -3]", "s = [-3, -30]", "every low must lie below its high"),
        ("s = [-30, -3]", 's = "wide"', "has s = 'wide', which is no pair of numbers"),
        ("s = [-30, -3]", "s = [-30, -3]\ndimension = 6", r"dimension = 6, which is no pair .* above \[rules\]"),
        ('"m**2" = "1"', '"m**2" = "1"\ndimension = 6', r"dimension below \[rules\]; it belongs above"),
        ('"m**2" = "1"', '"m**2" = "1"\ndraw = "log-uniform"', r"draw below \[rules\]; it belongs above"),
        ('"m**2" = "1"', '"M**2" = "1"', r"has 'M\*\*2', which is no mass of its propagators"),
        ('"m**2" = "1"', '"m**2" = "1"\n"p1" = "1"', "has 'p1', which is no mass of its propagators"),
        ('"m**2" = "1"', '"m**2" = "1"\n"p2*p1" = "s"', r"contradict: p2\*p1 is s/2 and s; keep one"),
        ('"m**2" = "1"', '"m**2" = "-1"', "a squared mass is negative: that of m falls to -1; write"),
        ("s = [-30, -3]", "s = [-30, -3]\nt = [1, 2]", "Neither U nor F of triangle depends on t; take that out"),
        ("[rules]", 'propagators = ["k**2"]\n[rules]', "has legs, lines and propagators; give lines and legs, or"),
        ('legs = [["p1", 1], ["p2", 2], ["p3", 3]]', "legs = []", "a graph needs at least one leg"),
        ("legs =", "feet =", "lacks legs"),
        ("[rules]", "colour = 3\n[rules]", "has colour, which is not known"),
        ("[rules]", "dimension = 3\n[rules]", "dimension = 3; give an even one"),
        ("[rules]", "dimension = 4.9\n[rules]", "is not as it should be"),
        ('["m", 3, 1]', '["m", 3, 1.7]', "is not as it should be"),
        ('["m", 3, 1]', "[1, 3, 1]", "a mass is a name"),
        ('"p3*p3" = "s"', '"p3*p3" = "2*s"', r"break momentum conservation: p3·\(p1 \+ p2 \+ p3\) becomes s, not 0"),
        ('["p2", 2]', '["p1", 2]', "uses p1 for two things"),
        ('["p3", 3]', '["p3", 9]', "Leg p3 of triangle is at vertex 9, where no line ends"),
        ('lines = [["m", 1, 2], ["m", 2, 3], ["m", 3, 1]]', "lines = []", "give lines and legs, or propagators and"),
        ("[box]\ns = [-30, -3]", "[box]", "of which there is one at least"),
        ("s = [-30, -3]", "s = [-inf, -3]", "must be finite"),
        ('name = "triangle"', 'name = "a b"', "is no identifier"),
        ("[rules]", "[rules", "cannot be read as TOML"),
    ],
)
def test_input_that_cannot_be_used_is_refused_in_a_sentence(make, tmp_path, monkeypatch, old, new, message):
    monkeypatch.chdir(tmp_path)
    text = TRIANGLE.replace(old, new)
    assert text != TRIANGLE
    with pytest.raises(InputError, match=message):
        make(text)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["input.toml"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (polygon(20), "polygon has 20 propagators.*give at most 12"),
        (TRIANGLE.replace("legs = [", "legs = [" + "".join(f'["q{i}", 1], ' for i in range(10))), "has 13 legs"),
    ],
)
def test_a_loop_integral_that_would_take_hours_is_refused_at_once(make, text, said):
    with pytest.raises(InputError, match=said):
        make(text)


@pytest.mark.slow
def test_a_decagon_has_one_sector_per_line(make):
    (sector,) = sector_files.read(make(polygon(10)))["sectors"]
    assert sector.multiplicity == 10


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x1", "U1", "F", "exp", "pi", "xp", "lm2", "lambda"])
def test_names_that_mean_something_else_are_refused(make, name):
    text = TRIANGLE.replace('"s"', f'"{name}"').replace("s/2", f"{name}/2").replace("\ns =", f"\n{name} =")
    with pytest.raises(InputError, match=f"'{name}', which is no name or means something else"):
        make(text)


@pytest.mark.parametrize("name", ["p1", "m"])
def test_a_parameter_is_no_momentum_or_mass(make, name):
    text = TRIANGLE.replace('"s"', f'"{name}"').replace("s/2", f"{name}/2").replace("\ns =", f"\n{name} =")
    with pytest.raises(InputError, match=f"uses {name} for two things"):
        make(text)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("1/0", "divides by zero"),
        ("1/s", "is no polynomial in the parameters of its box"),
        ("sqrt(-s)", "is no polynomial in the parameters of its box"),
        ("exp(s)", "is no polynomial in the parameters of its box"),
    ],
)
def test_rules_that_are_no_polynomials_are_refused_and_nothing_is_written(make, tmp_path, rule, message):
    with pytest.raises(InputError, match=message):
        make(TRIANGLE.replace('"m**2" = "1"', f'"m**2" = "2 - {rule}"'))
    assert not (tmp_path / "input.json").exists()


def test_a_mass_may_be_a_polynomial_of_the_parameters(make):
    whole = references.integral(str(make(TRIANGLE.replace('"m**2" = "1"', '"m**2" = "2 + s**2/100"'))))
    value = sums.converge(whole, np.array([[-7.0]]), epsrel=1e-9).value[0]
    assert math.isclose(value, literature.triangle_equal_masses(-7.0, 2.49), rel_tol=1e-8)


def test_rules_say_the_same_in_other_words(make):
    """A squared sum of momenta, a mass itself, and one product twice."""
    as_given = make(TRIANGLE).read_text()
    for old, new in [
        ('"p1*p2" = "s/2"', '"(p1 + p2)**2" = "s"'),
        ('"m**2" = "1"', '"m" = "1"'),
        ('"m**2" = "1"', '"m**2" = "1"\n"p2*p1" = "s/2"'),
    ]:
        again = json.loads(make(TRIANGLE.replace(old, new)).read_text())
        assert again["sectors"] == json.loads(as_given)["sectors"]


def test_products_that_F_does_not_need_may_be_left_out(make):
    """F of a triangle has squares of its legs alone."""
    lines = TRIANGLE.splitlines()
    few = "\n".join(line for line in lines if line not in ('"p1*p2" = "s/2"', '"p1*p3" = "-s/2"', '"p2*p3" = "-s/2"'))
    assert len(few.splitlines()) == len(lines) - 3
    sectors = [json.loads(make(text).read_text())["sectors"] for text in (TRIANGLE, few)]
    assert sectors[0] == sectors[1]
    with pytest.raises(InputError, match="F of triangle still holds p3; give rules that replace it"):
        make(few.replace('"p3*p3" = "s"', '"(p1 + p2)**2" = "s"'))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"m**2" = "1"', '"m**2" = "1"\n"k*k" = "1"', r"has 'k\*k', which is no mass of its propagators"),
        (" - m**2", " + m**2", r"a squared mass is negative: that of k\*\*2 \+ m\*\*2 falls to -1; write"),
    ],
)
def test_propagators_that_cannot_be_used_are_refused(make, old, new, message):
    propagators = '["k**2 - m**2", "(k + p1)**2 - m**2", "(k - p2)**2 - m**2"]'
    text = PROPAGATORS.format(propagators=propagators)
    with pytest.raises(InputError, match=message):
        make(text.replace(old, new))


def test_a_scaleless_integral_is_refused(make):
    text = TRIANGLE.replace('"m**2" = "1"', '"m**2" = "0"').replace('"s"', '"0"')
    with pytest.raises(InputError, match="triangle is scaleless: its F is zero"):
        make(text.replace('"s/2"', '"0"').replace('"-s/2"', '"0"'))


def test_a_subdivergence_is_refused_as_one(make):
    """A bubble in a line of the triangle: masses do not make it finite."""
    text = TRIANGLE.replace('["m", 3, 1]]', '["m", 3, 4], ["m", 4, 1], ["m", 3, 4]]')
    with pytest.raises(InputError, match=r"Sector \d of triangle holds .*this is a subdivergence: U says"):
        make(text)


def test_command_line(tmp_path, capsys):
    (tmp_path / "triangle.toml").write_text(TRIANGLE)
    assert from_loop.main([str(tmp_path / "triangle.toml")]) == 0
    said = capsys.readouterr().out
    assert "triangle_s1" in said
    assert f"Next: python -m benchmarks.accuracy --integral {tmp_path / 'triangle.json'}" in said
    with pytest.raises(SystemExit, match="2"):
        from_loop.main([str(tmp_path / "nothing.toml")])
    assert "nothing.toml is no file" in capsys.readouterr().err
    assert from_loop.main([str(tmp_path / "triangle.toml"), "--out", str(tmp_path / "no" / "where.json")]) == 2
    assert f"There is no folder {tmp_path / 'no'}; make it" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()
    assert from_loop.main([str(tmp_path / "triangle.toml"), "--out", str(tmp_path / "triangle.toml")]) == 2
    assert "overwritten" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        from_loop.main([str(tmp_path / "triangle.toml"), "--out", str(tmp_path / "triangle.txt")])
    assert "must end in .json" in capsys.readouterr().err


def test_the_page_on_loop_integrals_walks_through_this_triangle(tmp_path):
    page = (Path(__file__).resolve().parents[3] / "docs" / "loop-integral.md").read_text(encoding="utf-8")
    block = page.split("```toml\n")[1].split("```")[0]
    (tmp_path / "triangle.toml").write_text(block)
    from_loop.make(tmp_path / "triangle.toml", tmp_path / "triangle.json", report=lambda _: None)
    whole = references.integral(str(tmp_path / "triangle.json"))
    value = sums.converge(whole, np.array([[-10.0]]), epsrel=1e-10).value[0]
    assert math.isclose(value, literature.triangle_equal_masses(-10.0, 1.0), rel_tol=1e-9)


def test_reading_sectors_needs_no_pysecdec():
    code = "import sys, references; references.integral('box1l_sum'); sys.exit('pySecDec' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
