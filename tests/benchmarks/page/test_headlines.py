"""README's findings: rules, tables and methods that learn, counted by hand."""

from __future__ import annotations

from sample_records import record, timing

from benchmarks.page import headlines
from benchmarks.records import configurations


def run(method, digits, us, preparation_s=0.0, integral="heptagon1l"):
    return record(
        integral=integral, method=method, params={"knob": digits}, digits_mean=digits, digits_worst=digits, threads=1,
        fit_s=preparation_s, s_per_integral={"1024": timing(1e-6 * us)},
    )  # fmt: skip


def place(integral):
    return [
        run("gauss_legendre", 4.0, 1.0, integral=integral), run("gauss_legendre", 7.0, 20.0, integral=integral),
        run("chebyshev", 8.0, 0.5, 39.0, integral), run("pysecdec_qmc", 6.5, 4000.0, integral=integral),
        run("differential_mlp", 5.0, 0.1, integral=integral),
    ]  # fmt: skip


def said(euclidean=(), physical=()):
    return headlines.sentences(configurations.grouped(euclidean), configurations.grouped(physical))


def test_the_three_of_one_region():
    where, rule, *_ = said([*place("heptagon1l"), *place("box2l")])
    assert where == (
        "Below thresholds (2 integrals, 1 of them held out). A rule sums the integrand over nodes for each value, a "
        "table interpolates values in s, and networks and trees learn them ([words](docs/words.md)). Digits are "
        "averages over the box. At the worst point, too, 6 are reached by a rule on 2, a table on 2, a "
        "method that learns on 0, pySecDec on 2 integrals:"
    )
    assert rule == (
        "- For 1,000 values a **rule** is the cheapest on 2 of 2 integrals: 6 digits take it 0.0200 s in all, "
        "preparation included (median of 2; 0.0200 to 0.0200). pySecDec has them on 2, and takes 200 times as long "
        "(median; 200 to 200). With these settings each further value takes it 200 times as long (median; 200 to 200) "
        "in calls with 1,024 values beside 1,024 of rules."
    )


def test_integrals_on_which_nobody_is_known_to_have_the_digits_are_named():
    few = [
        run("gauss_legendre", 4.96, 1.0, integral="box1l"),
        run("chebyshev", 6.5, 1.0, integral="box2l") | {"truth_rel_err_max": 1e-5},
    ]
    said_first = said([*place("heptagon1l"), *few])[0]
    assert "On 2 integrals no method is known to have 6: `box1l` (4.9), `box2l` (at least 5.0). At the" in said_first


def test_digits_at_the_worst_point_are_counted_apart():
    found = [one | {"digits_worst": one["digits_mean"] - 1.5} for one in place("heptagon1l")]
    assert "by a rule on 0, a table on 1, a method that learns on 0, pySecDec on 0 integrals:" in said(found)[0]


def test_single_calls_and_kernels_of_pysecdec_stand_beside_its_batches():
    found = [
        one | {"s_per_integral": one["s_per_integral"] | {"1": timing(1e-3 if "pysecdec" in one["method"] else 1e-4)},
               "details": {"kernel_s_per_integral": 4e-5, "dispatch_s_per_integral": 3.96e-3}}
        for one in place("heptagon1l")
    ]  # fmt: skip
    rule = said(found)[1]
    assert rule.endswith(
        "in calls with 1,024 values beside 1,024 of rules, 10.0 times in single calls. 1 % of its time is in "
        "its kernels, which alone take 2.00 times as long (medians)."
    )


def test_where_pysecdec_lacks_the_digits_it_has_fewer():
    found = [*place("heptagon1l"), *[one for one in place("box2l") if one["method"] != "pysecdec_qmc"]]
    found.append(run("pysecdec_qmc", 4.5, 4000.0, integral="box2l"))
    assert "pySecDec has them on 1, and takes 200 times" in said(found)[1]
    assert "; elsewhere it has fewer with the settings that were run. With these" in said(found)[1]


def test_preparation_counts_where_values_are_few():
    found = [run("gauss_legendre", 7.0, 20.0, 10.0), run("pysecdec_qmc", 6.5, 4000.0, 16.02)]
    (rule,) = [line for line in said([*found, *place("box2l")]) if "**rule**" in line]
    assert "6 digits take it 5.02 s in all" in rule  # the median of 10.02 and 0.02
    assert "takes 101 times as long (median; 2.00 to 200). With these settings each further value takes " in rule


def test_a_further_value_is_compared_with_the_rule_that_was_named():
    found = [*place("heptagon1l"), run("learned_contour", 7.0, 1.0, 100.0)]
    (rule,) = [line for line in said(found) if "**rule**" in line]
    assert (
        "each further value takes it 200 times as long (median; 200 to 200)" in rule
    )  # not 4,000, as for a rule that 1,000 values do not repay


def test_a_table_pays_where_no_rule_is_cheaper():
    found = [*place("heptagon1l"), run("learned_contour", 7.0, 1.0, 100.0)]
    (table,) = [line for line in said(found) if "**table**" in line]
    assert "every rule from 2,000,000 values on (median of 1)" in table  # though learned_contour prepares for longer


def test_a_table_may_never_pay():
    (table,) = [line for line in said([*place("heptagon1l"), run("lattice_qmc", 7.0, 0.1)]) if "**table**" in line]
    assert "There is no number of values from which on a table is cheaper than every rule (median of 1)." in table


def test_points_that_judge_pysecdec_are_counted():
    found = [one | {"n_points": 10 if one["method"] == "pysecdec_qmc" else 500} for one in place("heptagon1l")]
    assert "pySecDec has them on 1 (judged by 10 points), and takes" in said(found)[1]
    other = [one | {"n_points": 50} for one in place("box2l")]
    assert "pySecDec has them on 2 (judged by 10 to 50 points), and takes" in said([*found, *other])[1]


def test_superseded_records_are_counted_in_each_sentence():
    old = [one | {"version": 0} if one["method"] == "chebyshev" else one for one in place("heptagon1l")]
    _, rule, table, learned = said(old)
    assert "superseded" not in rule
    assert table.endswith(" 1 of the 2 configurations compared is superseded.")
    assert learned.endswith(" configurations compared is superseded.")
    assert "superseded" not in "".join(said(place("heptagon1l")))


def test_tables_and_methods_that_learn():
    *_, table, learned = said([*place("heptagon1l"), *place("box2l")])
    assert table == (
        "- For 100,000,000 values a **table** is the cheapest on 2 of 2 integrals: 6 digits take 0.500 µs per "
        "value (median of 2; 0.500 to 0.500) after 39.0 s (39.0 to 39.0). A table is cheaper "
        "than every rule from 2,000,000 values on (median of 2)."
    )
    assert learned.startswith(
        "- The best method that **learns** has 5.0 digits in the median (1 seed each; on 2 of 2 integrals "
        "`differential_mlp` alone has a result), and the best table 8.0: more on 2 of 2 integrals."
    )
    assert (
        "Methods that learn are the cheapest in 40 of 70 cells of the map" in learned
    )  # up to five digits, here free of preparation


def test_where_both_have_more_than_the_true_values_nobody_has_more():
    found = [one | {"truth_rel_err_max": 1e-4} for one in place("box2l")]
    assert (
        "more on 1 of 2 integrals; on 1 both have more than the true values."
        in said([*place("heptagon1l"), *found])[-1]
    )


def test_an_integral_that_was_run_on_two_machines_counts_once():
    again = [one | {"machine": "B"} for one in place("heptagon1l")]
    once = said(place("heptagon1l"))
    assert said([*place("heptagon1l"), *again]) == once
    assert said([*place("heptagon1l"), *again[:2]]) == once
    apart = said([*place("box2l"), *again])
    assert apart[0].startswith("Below thresholds (2 integrals, 1 of them held out, on 2 machines). ")


def test_above_threshold_comes_first_where_all_is_measured():
    above = place("box1l_physical")
    assert said(place("box2l"), above)[0].startswith("Above threshold (1 integral, 0 of them held out). ")
    assert "the map" not in said(place("box2l"), above)[-1]
    without_tables = [one for one in above if one["method"] != "chebyshev"]
    assert said(place("box2l"), without_tables)[0].startswith("Below thresholds")
    assert said() == []


def test_pysecdec_may_have_fewer_digits():
    found = [one for one in place("box2l") if one["method"] != "pysecdec_qmc"]
    assert said(found)[1].endswith("pySecDec was not run, or has fewer.")
