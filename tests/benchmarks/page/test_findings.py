"""Findings: each sentence says what its records say, and links to them."""

from __future__ import annotations

import re

from sample_records import record, timing

import methods
from benchmarks.experiments import paper_claims
from benchmarks.page import findings
from methods.core import names

HELD_OUT = "heptagon1l"


def run(method, digits, us, integral=HELD_OUT, **changes):
    base = {
        "integral": integral, "method": method, "params": {"knob": round(digits)}, "digits_mean": digits,
        "digits_worst": digits - 1, "threads": 1, "fit_s": 2.0, "s_per_integral": {"1024": timing(1e-6 * us)},
        "coverage_1sigma": None, "coverage_3sigma": None,
    }  # fmt: skip
    return record(**base | changes)


def sentences(**measured):
    """Return the lines of each section, by its title; numbers of links are replaced by the method of their record."""
    text = findings.text(lambda name: measured.get(name, []), lambda found: found["method"])
    named = dict(re.findall(r"^\[(\d+)\]: (\w+)$", text, re.MULTILINE))
    text = re.sub(r"\[(\d+)\](?!:)", lambda number: f"[{named[number[1]]}]", text)
    blocks = [block.split("\n\n", 1) for block in text.split("## ")[1:]]
    return {title: lines.split("\n") for title, lines in blocks}


def below(*found):
    return sentences(curves=found)["Below thresholds, where I(s) is real"]


def test_without_records_nothing_is_said():
    assert {line for lines in sentences().values() for line in lines if line} == {"There are no records yet."}


def test_the_quickest_method_on_held_out_integrals():
    said = below(run("chebyshev", 7.0, 0.2), run("total_degree", 7.0, 0.26), run("total_degree", 9.0, 0.1, "box1l"))
    quickest = [line for line in said if "preparation not counted" in line]
    assert len(quickest) == 2
    assert all(
        "chebyshev takes at most 1.25 times the least time on 100 %" in line and "([chebyshev])" in line
        for line in quickest
    )


def test_methods_that_tie_but_for_noise_are_all_named():
    said = below(run("chebyshev", 7.0, 0.2), run("total_degree", 7.0, 0.24), run("skip_mlp", 7.0, 0.3))
    quickest = [line for line in said if "preparation not counted" in line]
    tied = "chebyshev and total_degree each take at most 1.25 times the least time on 100 % of them"
    assert [tied in line for line in quickest] == [True, True]
    assert all("skip_mlp" not in line and "([chebyshev], [total_degree])" in line for line in quickest)


def test_without_the_digits_no_method_is_the_quickest():
    assert not [line for line in below(run("chebyshev", 2.0, 0.2)) if "least time" in line]


def test_superseded_records_are_counted():
    said = below(run("skip_mlp", 3.0, 1.0), run("chebyshev", 8.0, 0.2, version=0))
    (most,) = [line for line in said if "the best table" in line]
    assert most.endswith("([skip_mlp], [chebyshev]; superseded: 1 of 2)")


def test_integrals_that_were_run_on_two_machines_count_once_but_in_profiles():
    found = [run("chebyshev", 7.0, 0.2), run("skip_mlp", 3.0, 1.0), run("pysecdec_qmc", 7.0, 2e4),
             run("gauss_legendre", 7.0, 10.0)]  # fmt: skip
    once, twice = below(*found), below(*found, *(one | {"machine": "B"} for one in found))
    profiles = ["held-out integrals on A", "held-out integrals on B"]
    assert [sum(words in line for line in twice) for words in profiles] == [4, 4]
    assert [line for line in twice if "held-out integrals on" not in line] == [
        line for line in once if "on 1 held-out integrals," not in line
    ]


def test_a_method_that_learns_is_found_on_the_map():
    found = [run("differential_mlp", 3.5, 0.1, "box2l"), run("chebyshev", 8.0, 0.2, "box2l")]
    (said,) = [line for line in below(*found) if "the map's" in line]
    assert "box2l, 3 digits, 1,000,000,000 values: differential_mlp" in said
    assert "box2l, 4 digits" not in said
    assert said.endswith("([differential_mlp])")


def test_most_digits_of_tables_and_of_what_learns():
    (said,) = [
        line for line in below(run("skip_mlp", 3.0, 1.0), run("chebyshev", 8.0, 0.2)) if "the best table" in line
    ]
    assert (
        "learns has 3.0 digits in the median (1 seed each; on 1 of 1 integrals `skip_mlp` alone has a result) and "
        "the best table 8.0; the table has more on 1 of 1 integrals." in said
    )


def test_pysecdec_beside_the_quickest_rule():
    found = [run("pysecdec_qmc", 4.0, 2e4), run("gauss_legendre", 5.0, 10.0), run("lattice_qmc", 5.0, 40.0)]
    said = [line for line in below(*found) if "pySecDec" in line]
    assert len(said) == 1  # with six digits there is neither
    assert (
        "With 3 digits the quickest of pySecDec's integrators takes 2,000 to 2,000 times as long per value as the "
        "quickest rule, 2,000 times in the median of 1 integrals (1 of them held out)."
    ) in said[0]
    assert "one value each" not in said[0]  # since none was timed so
    (said,) = [line for line in below(*(one | {"n_points": 50} for one in found)) if "pySecDec" in line]
    assert "With 3 digits (judged by 50 points) the quickest" in said


def test_pysecdec_beside_the_quickest_rule_in_single_calls():
    """Another rule may be the quickest there."""
    times = {"pysecdec_qmc": (2e4, 3e3), "gauss_legendre": (10.0, 100.0), "lattice_qmc": (40.0, 60.0)}
    found = [
        run(name, 5.0, 1.0, s_per_integral={"1": timing(1e-6 * singly), "1024": timing(1e-6 * at_once)})
        for name, (at_once, singly) in times.items()
    ]
    said = [line for line in below(*found) if "pySecDec" in line]
    assert "calls for one value each it takes 50.0 to 50.0 times as long, 50.0 times in" in said[0]


def test_errors_are_honest_by_both_shares():
    shares = [(0.70, 0.99), (0.70, 0.90), (0.40, 0.99)]
    found = [
        run("rbf", 3.0 + nth, 1.0, coverage_1sigma=one, coverage_3sigma=three)
        for nth, (one, three) in enumerate(shares)
    ]
    (said,) = [line for line in below(*found) if line.startswith("| rbf ")]
    assert said == "| rbf | 1 of 3 | 70 % | 99 % | [rbf] |"


def test_chance_is_allowed_for_where_points_are_few():
    few, many = (run("rbf", 3.0, 1.0, coverage_1sigma=0.51, coverage_3sigma=0.95, n_points=n) for n in (100, 5000))
    assert "| rbf | 1 of 1 |" in "\n".join(below(few))
    assert "| rbf | 0 of 1 |" in "\n".join(below(many))


def test_of_few_points_nothing_is_said():
    few = run("rbf", 3.0, 1.0, coverage_1sigma=0.29, coverage_3sigma=0.95, n_points=10)
    assert not [line for line in below(few) if line.startswith("| rbf ")]
    enough = run("rbf", 4.0, 1.0, coverage_1sigma=0.7, coverage_3sigma=1.0, n_points=100)
    assert "| rbf | 1 of 1 |" in "\n".join(below(few, enough))


def test_errors_below_those_of_the_true_values_are_not_judged():
    found = [run("rbf", 3.0, 1.0, coverage_1sigma=0.7, coverage_3sigma=0.99, truth_rel_err_max=1e-2)]
    assert not [line for line in below(*found) if line.startswith("| rbf ")]


def test_a_profile_links_to_the_cheapest_configuration_of_each_integral():
    found = [run("chebyshev", 7.0, 0.2), run("chebyshev", 3.5, 0.1), run("chebyshev", 9.0, 0.5)]
    text = findings.text(lambda name: found if name == "curves" else [], lambda one: f"{one['digits_mean']}.json")
    numbers = {path: number for number, path in re.findall(r"^\[(\d+)\]: (\S+)$", text, re.MULTILINE)}
    (three,) = [line for line in text.split("\n") if "With 3 digits" in line and "not counted" in line]
    assert three.endswith(f"([{numbers['3.5.json']}])")


def test_many_records_are_counted():
    found = [run("total_degree", 6.5, 1.0, repeat=nth) for nth in range(9)]
    text = findings.text(lambda name: found if name == "curves" else [], lambda one: f"{one['repeat']}.json")
    assert "[3], [4] and 5 more)" in text
    assert "\n[4]: 3.json" in text
    assert "4.json" not in text


def test_a_record_has_one_number():
    """However many findings link to it."""
    found = [run("chebyshev", 7.0, 0.2), run("differential_mlp", 3.5, 0.1)]
    text = findings.text(lambda name: found if name == "curves" else [], lambda one: f"{one['method']}.json")
    assert text.count("chebyshev.json") == text.count("differential_mlp.json") == 1
    assert text.count("[1]") > 2


def test_claims_have_their_verdict_first():
    (claim,) = [claim for claim in paper_claims.CLAIMS if claim.name == "Korobov transform"]
    claimed = []
    for label, digits in (("identity", 1.5), ("korobov3", 2.1)):
        name, fields = names.parse_spec(claim.settings[label])
        params = methods.create(name, **fields).params()
        common = {"integral": "box1l", "budget_s": 300.0, "method": name, "params": params}
        claimed += [record(**common, digits_mean=digits + nth / 100, repeat=nth) for nth in range(3)]
    said = sentences(paper_claims=claimed)["What the papers claim"]
    assert any(line.startswith("- **confirmed**: Korobov transform") for line in said)


def test_where_a_primitive_pays_beside_pysecdec():
    found = [
        run("neural_primitive", 5.0, 2.0, "box2l", fit_s=62.0), run("pysecdec_qmc", 5.0, 102.0, "box2l"),
        run("neural_primitive", 5.0, 2.0), run("pysecdec_qmc", 5.0, 102.0),
    ]  # fmt: skip
    (said,) = [line for line in below(*found) if "of the paper" in line]
    assert "on box2l neural_primitive, called with 1,024 values, is cheaper than pySecDec" in said
    assert "preparation included, from 600,000 values on; the networks" in said
    assert "about 6 million on (JHEP" in said
    with_kernels = [
        one | {"details": {"kernel_s_per_integral": 3e-6, "dispatch_s_per_integral": 9.9e-5}} for one in found
    ]
    (said,) = [line for line in below(*with_kernels) if "of the paper" in line]
    assert "from 600,000 values on, and than its kernels alone from 60,000,000 values on" in said
