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


def test_unknown_counts_have_no_row():
    assert set(rows(FOUND)) == {"chebyshev", "lattice_qmc"}
    assert rows([]) == {}
