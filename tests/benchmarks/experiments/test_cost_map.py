"""The map of the cheapest methods: winners by total time, what is extrapolated, and the text and chart of it."""

from __future__ import annotations

import pytest
from sample_records import record, timing

from benchmarks.experiments import cost_map
from benchmarks.records import configurations


def run(method, digits, us, preparation_s, integral="box1l", **changes):
    base = {
        "integral": integral, "method": method, "params": {"knob": digits}, "digits_mean": digits,
        "digits_worst": digits - 1, "threads": 1, "fit_s": preparation_s, "s_per_integral": {"1024": timing(1e-6 * us)},
    }  # fmt: skip
    return record(**base | changes)


RECORDS = [
    run("rule", 4.0, 10.0, 0.0), run("rule", 6.5, 40.0, 0.0),
    run("table", 6.0, 1.0, 3.0),
    run("lost", 6.0, 5.0, 50.0),
    run("rule", 9.0, 1.0, 0.0, integral="box1l_wide"),  # not of the map
]  # fmt: skip


@pytest.fixture
def winners():
    ((_, found),) = cost_map.winner_maps(configurations.grouped(RECORDS)).items()
    return found


def test_the_winner_has_the_digits_and_takes_least_time_preparation_included(winners):
    assert [winners[3, n].method for n in (1, 10**5, 10**6, 10**9)] == ["rule", "rule", "table", "table"]
    assert winners[6, 10**4].method == "rule"
    assert winners[6, 10**4].cost.configuration.first["params"]["knob"] == 6.5
    assert winners[6, 10**5].method == "table"
    assert winners[3, 10**6].seconds == pytest.approx(3.0 + 1.0)
    assert {winner.method for winner in winners.values()} == {"rule", "table"}


def test_beyond_all_digits_a_curve_is_continued_by_two_at_most(winners):
    assert not any(winners[digits, n].extrapolated for digits in (2, 6) for n in cost_map.COUNTS)
    # 2.5 digits cost 4 times as much, so that 1.5 more cost 4^0.6 times as much.
    assert winners[8, 1].extrapolated
    assert winners[8, 1].method == "rule"
    assert winners[8, 1].seconds == pytest.approx(40e-6 * 4**0.6)
    single = cost_map.winner_maps(configurations.grouped([run("table", 5.0, 1.0, 3.0)]))
    assert (6, 1) not in next(iter(single.values()))
    short = [run("rule", 4.0, 10.0, 0.0), run("rule", 5.5, 40.0, 0.0)]
    assert (8, 1) not in next(iter(cost_map.winner_maps(configurations.grouped(short)).values()))


def test_the_table_says_from_which_number_on():
    ((row, used),) = cost_map.table(configurations.grouped(RECORDS)).rows
    assert (row["integral"], row["k, m"]) == ("box1l", "3, 3")
    assert row["3 digits"] == "rule, table from 10⁶"
    assert row["8 digits"] == "rule (extrapolated)"
    assert {r["method"] for r in used} == {"rule", "table"}


def test_a_sentence_for_each_integral():
    ((row, _),) = cost_map.sentences(configurations.grouped(RECORDS)).rows
    assert row["sentence"] == "box1l (k = 3, m = 3): rule in 69 % (29 % extrapolated), table in 31 %."


def test_superseded_winners_have_a_note():
    found = [run("table", 5.0, 1.0, 3.0, version=2, machine="B"), run("table", 5.0, 1.0, 3.0, version=1)]
    found += [run("lost", 5.0, 9.0, 9.0, version=1), run("lost", 5.0, 9.0, 9.0, version=2, machine="C")]
    grouped = configurations.grouped(found)
    for made in (cost_map.table(grouped), cost_map.sentences(grouped)):
        assert {row["machine"]: row["note"] for row, _ in made.rows} == {
            "A": "superseded: version 1 of table, now 2", "B": "", "C": "",
        }  # fmt: skip


def test_there_are_twelve_integrals_with_the_numbers_of_their_parameters():
    import references

    assert len(cost_map.INTEGRALS) == 12
    for name, shape in cost_map.INTEGRALS.items():
        integral = references.integral(name)
        assert (integral.k, integral.m) == shape


def test_the_experiment_shows_both():
    assert [len(table.rows) for table in cost_map.EXPERIMENT.tables(RECORDS)] == [1, 1]
