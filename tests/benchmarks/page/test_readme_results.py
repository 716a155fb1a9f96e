"""README's results: which integral is shown, the best configuration of each method, and where all was measured."""

from __future__ import annotations

import pytest
from sample_records import record, timing

import methods
from benchmarks.page import readme_results
from benchmarks.records import configurations, digit_costs, method_kinds
from benchmarks.running import jobs
from benchmarks.versioning import lock_file

FOUR_KINDS = ("gauss_legendre", "chebyshev", "pysecdec_qmc", "differential_mlp")


def run(method, digits, us, integral="heptagon1l", **changes):
    base = {
        "integral": integral, "method": method, "params": {"knob": round(digits)}, "digits_mean": digits,
        "digits_worst": digits - 1, "threads": 1, "fit_s": 2.0, "s_per_integral": {"1024": timing(1e-6 * us)},
    }  # fmt: skip
    return record(**base | changes)


def place(integral, names=FOUR_KINDS):
    return [run(name, 5.0, 1.0, integral) for name in names]


def shown(*found):
    """Name the integral that is shown."""
    chosen = readme_results.place(digit_costs.by_place(configurations.grouped(found)))
    return chosen and chosen[0]


EUCLIDEAN = [*place("box2l_sum"), *place("heptagon1l"), *place("crossed2l_sum")]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([], "heptagon1l"),  # held out, and of these the one with most variables
        (place("box1l_physical"), "heptagon1l"),  # one loop, and defaults were tuned on it
        (place("pentagon1l_physical"), "pentagon1l_physical"),
        (place("pentagon1l_physical") + place("box2l_hh"), "box2l_hh"),
        (place("box2l_hh", FOUR_KINDS[:2]), "heptagon1l"),  # two kinds of methods show little
        (place("box2l_hh", FOUR_KINDS[:3]) + place("pentabox_s33_physical"), "pentabox_s33_physical"),
        (place("my_module:integral"), "heptagon1l"),
    ],
)
def test_a_two_loop_integral_above_threshold_comes_first_then_a_held_out_one(more, expected):
    assert shown(*EUCLIDEAN, *more) == shown(*more, *EUCLIDEAN) == expected


def test_the_machine_is_that_with_most_methods_of_a_current_version():
    old = [run(name, 5.0, 1.0, version=0) for name in FOUR_KINDS]
    new = [run(name, 5.0, 1.0, machine="B") for name in FOUR_KINDS[:3]]
    for found in (old + new, [one | {"machine": "Z"} for one in old] + new):
        assert "on one thread of B." in readme_results.text(configurations.grouped(found), [])


def test_without_enough_kinds_nothing_is_shown():
    found = configurations.grouped(place("heptagon1l", FOUR_KINDS[:2]))
    assert shown() is None
    assert readme_results.picture(found) is None
    assert readme_results.text(found, []) == "There are no records yet."


def rows(*found):
    (costs,) = digit_costs.by_place(configurations.grouped(found)).values()
    lines = readme_results.table(costs).splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_a_row_is_the_configuration_with_most_digits_and_the_cheapest_with_six():
    made = rows(
        run("gauss_legendre", 6.5, 5.0), run("gauss_legendre", 9.0, 900.0), run("neural_primitive", 4.9, 1.0),
        run("chebyshev", 9.5, 0.5, threads=2), run("my_method", 9.0, 0.1),
    )  # fmt: skip
    assert made == [
        ["gauss_legendre", "rule", "9.0 (8.0)", "900", "2.00", "5.00"],
        ["neural_primitive", "learned", "4.9 (3.9)", "1.00", "2.00", "–"],
    ]


def test_a_row_of_an_older_version_says_so():
    newest = lock_file.current_version("chebyshev")
    notes = {row[0]: row[-1] for row in rows(run("chebyshev", 6.5, 5.0, version=0), run("rbf", 6.5, 5.0))}
    assert notes == {"chebyshev": f"superseded: version 0 of chebyshev, now {newest}", "rbf": ""}


def test_digits_of_several_seeds_have_a_spread():
    seeds = [run("differential_mlp", digits, 1.0, params={}, repeat=i) for i, digits in enumerate((4.0, 5.0, 6.0))]
    ((_, _, most, *_),) = rows(*seeds)
    assert most == "5.0 ± 1.0 (3.0)"


def test_digits_beyond_those_of_the_true_values_say_so():
    ((_, _, most, *_),) = rows(run("chebyshev", 8.0, 1.0, digits_worst=5.0, truth_rel_err_max=1e-6))
    assert most == "6.0 (5.0) (≤ truth)"


def test_of_several_the_one_with_most_settings_is_shown():
    more = [run("gauss_legendre", 7.0, 9.0, "crossed2l_sum")]
    assert shown(*EUCLIDEAN, *more) == "crossed2l_sum"


def test_an_integral_whose_true_values_judge_all_methods_comes_first():
    limited = [one | {"truth_rel_err_max": 1e-4} for one in place("pentabox_s33_physical")]
    assert shown(*EUCLIDEAN, *place("box2l_hh"), *limited) == "box2l_hh"
    assert shown(*EUCLIDEAN, *limited) == "pentabox_s33_physical"


def test_every_registered_method_has_at_most_one_kind():
    names = [name for kind in method_kinds.KINDS.values() for name in kind]
    assert len(names) == len(set(names))
    assert set(methods.METHODS) - set(names) == {"primitive_corrected"}


def test_the_text_says_what_was_measured_where_and_what_failed():
    failed = run("skip_mlp", 5.0, 1.0, status="failed", digits_mean=None)
    text = readme_results.text(configurations.grouped([*EUCLIDEAN, failed]), [])
    assert text.startswith(
        "![heptagon1l: digits against time](reports/figures/digit_curves.svg)\n\n`heptagon1l`, held-"
    )
    assert "below thresholds: k = 6, seven invariants; k = 6, 7 invariants, on one thread of A." in text
    assert "Without a value here: skip_mlp (failed)." in text
    assert "12 configurations on 3 integrals, 2 of them held out and 0 above threshold, with budgets of 60 " in text


def test_what_a_command_prints_is_shown_where_its_records_are_current():
    integral, names, budget_s = readme_results.EXAMPLE
    timings = {str(batch): timing(1e-6) for batch in jobs.BATCHES}
    fields = [
        {key: value for key, value in methods.create(name).params().items() if key not in ("seed", "device")}
        for name in names
    ]
    made = [
        run(name, 9.0, 0.5, integral, params=own, budget_s=budget_s, s_per_integral=timings)
        for name, own in zip(names, fields, strict=True)
    ]
    printed = (
        "`python -m benchmarks.accuracy --integral box1l --method gauss_legendre --method chebyshev --budget 60` "
        "prints, among others,"
    )

    def text_with(compared):
        return readme_results.text(configurations.grouped(EUCLIDEAN), [], configurations.grouped(compared))

    text = text_with(made)
    _, _, block = text.partition(f"{printed}\n\n```text\n")
    assert block.startswith("box1l\n")
    assert block.count("9.0") >= 2
    others = [one | {"machine": "B", "date_utc": "2025-01-01T00:00:00+00:00"} for one in made]
    repeats = [one | {"repeat": 1, "digits_mean": 1.0} for one in made]
    assert text_with([*others, *repeats, *made, others[0]]).partition(f"{printed}\n\n```text\n")[2] == block
    assert printed not in text_with([made[0], others[1]])
    assert printed not in text_with([made[0] | {"version": 0}, made[1]])
    other_batches = [one | {"s_per_integral": {"1": timing(1e-6), "1024": timing(1e-6)}} for one in made]
    assert printed not in text_with(other_batches)


def test_the_end_of_a_choice_is_shown():
    integral, digits, count = readme_results.CHOICE
    row = {"digits": digits, "count": count, "verdict": "Chosen: rbf."}
    entry = {"machine": "B", "rows": [row | {"digits": 3, "verdict": "no"}, row]}
    grouped = configurations.grouped(EUCLIDEAN)
    text = readme_results.text(grouped, [], choices={integral: entry})
    command = "`python -m benchmarks.choose --integral box1l --digits 6 --count 1e9`"
    assert f"On B, {command} ends with\n\n```text\nChosen: rbf.\n```" in text
    for other in ({}, {integral: entry | {"rows": [row | {"digits": 3}, {"digits": digits, "count": count}]}}):
        assert "benchmarks.choose" not in readme_results.text(grouped, [], choices=other)
