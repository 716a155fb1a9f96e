"""Digits per integrand evaluation: preparation shared by the values, and the fewest evaluations with the digits."""

from __future__ import annotations

from sample_records import record

from benchmarks.experiments import evaluations


def run(method, digits, n_eval_fit, n_eval_per_integral, **params):
    return record(
        method=method, params=params, digits_mean=digits, n_eval_fit=n_eval_fit, n_eval_per_integral=n_eval_per_integral
    )  # fmt: skip


FOUND = [
    run("lattice_qmc", 3.5, 0, 500.0, points=512), run("lattice_qmc", 6.5, 0, 16_000.0, points=16384),
    run("chebyshev", 7.0, 2_000_000, 0.0), run("my_method", 5.0, None, 3.0),
]  # fmt: skip


def rows(found):
    (table,) = evaluations.tables(found)
    return {row["method"]: (row, used) for row, used in table.rows}


def test_preparation_is_shared_by_the_values():
    found = rows(FOUND)
    assert found["chebyshev"][0]["6 digits"] == "200"
    assert found["lattice_qmc"][0]["3 digits"] == "500: points=512"
    assert found["lattice_qmc"][0]["6 digits"] == "16,000: points=16384"
    assert found["lattice_qmc"][0]["8 digits"] == "at most 6.5"
    assert len(found["lattice_qmc"][1]) == 2


def test_a_method_without_counts_says_why():
    unsupported = run("table", None, None, None) | {"status": "unsupported", "reason": "m = 5 is too many"}
    found = rows([*FOUND, unsupported])
    assert set(found) == {"chebyshev", "lattice_qmc", "my_method", "table"}
    assert (found["my_method"][0]["2 digits"], found["my_method"][0]["note"]) == ("not counted", "")
    row, used = found["table"]
    assert (row["8 digits"], row["note"]) == ("unsupported", "unsupported: m = 5 is too many")
    assert used == [unsupported]
    assert rows([]) == {}


def test_a_configuration_counts_with_all_of_its_repeats():
    failed = FOUND[1] | {"repeat": 1, "status": "failed", "digits_mean": None}
    found = rows([*FOUND, failed])
    assert found["lattice_qmc"][0]["6 digits"] == "at most 3.5"
    assert found["lattice_qmc"][0]["note"] == ""


def test_machines_have_rows_of_their_own():
    found = [run("mine", 5.0, 100_000, 0.0) | {"version": 1, "machine": "B"}, run("mine", 6.0, 200_000, 0.0)]
    found[1] |= {"version": 2}
    (table,) = evaluations.tables(found)
    assert [(row["machine"], row["4 digits"], row["6 digits"], row["note"]) for row, _ in table.rows] == [
        ("A", "20.0", "20.0", ""), ("B", "10.0", "at most 5.0", "superseded: version 1 of mine, now 2"),
    ]  # fmt: skip
