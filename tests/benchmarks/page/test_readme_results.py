"""README's table and figure: the cheapest of each kind, their spread between seeds, and where they were measured."""

from __future__ import annotations

from sample_records import record, timing

import methods
from benchmarks.experiments import curves
from benchmarks.figures import drawing
from benchmarks.page import readme_results
from benchmarks.records import configurations, digit_costs


def run(method, digits, us, integral="box2l_sum", **changes):
    base = {
        "integral": integral, "method": method, "params": {"knob": round(digits)}, "digits_mean": digits,
        "digits_worst": digits - 1, "threads": 1, "fit_s": 2.0, "s_per_integral": {"1024": timing(1e-6 * us)},
    }  # fmt: skip
    return record(**base | changes)


def rows(*found):
    text = readme_results.table(digit_costs.by_place(configurations.grouped(found)))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]], text.splitlines()[-1]


def test_the_cheapest_of_each_kind_with_the_digits():
    shown, where = rows(
        run("gauss_legendre", 4.0, 5.0), run("gauss_legendre", 7.0, 9.0), run("lattice_qmc", 3.2, 4.0),
        run("chebyshev", 9.0, 0.5, threads=2), run("neural_primitive", 4.9, 1.0), run("my_method", 9.0, 0.1),
        run("total_degree", 5.0, 0.3, integral="heptagon1l"), run("gauss_legendre", 9.0, 1.0, integral="box1l_wide"),
    )  # fmt: skip
    assert shown == [
        ["box2l_sum", "development", "rule", "lattice_qmc: 4.00 µs after 2.00 s",
         "gauss_legendre: 9.00 µs after 2.00 s",
         "gauss_legendre 7.0 (worst 6.0): 9.00 µs after 2.00 s"],
        ["box2l_sum", "development", "learned", "neural_primitive: 1.00 µs after 2.00 s", "–",
         "neural_primitive 4.9 (worst 3.9): 1.00 µs after 2.00 s"],
        ["heptagon1l", "held-out", "table", "total_degree: 0.300 µs after 2.00 s", "–",
         "total_degree 5.0 (worst 4.0): 0.300 µs after 2.00 s"],
    ]  # fmt: skip
    assert where == "Measured on one thread of A; all runs: `reports/tables.md`."


def test_digits_of_several_seeds_have_a_spread():
    seeds = [run("differential_mlp", digits, 1.0, params={}, repeat=i) for i, digits in enumerate((4.0, 5.0, 6.0))]
    ((*_, most),), _ = rows(*seeds)
    assert most == "differential_mlp 5.0 ± 1.0 (worst 3.0): 1.00 µs after 2.00 s"


def test_every_registered_method_has_at_most_one_kind():
    names = [name for kind in readme_results.KINDS.values() for name in kind]
    assert len(names) == len(set(names))
    assert set(methods.METHODS) - set(names) == {"primitive_corrected"}


def test_figures_say_where_they_were_measured(monkeypatch):
    monkeypatch.setattr(drawing, "svg_and_png", lambda chart: ("<svg></svg>", b""))
    found = [run("total_degree", 5.0, 0.3, integral="heptagon1l"), run("chebyshev", 5.0, 0.3)]
    (figure,) = readme_results.figures(curves.sections(found))
    assert figure.startswith("![heptagon1l.digit_curves](reports/figures/heptagon1l.digit_curves.svg)")
    assert "heptagon1l on A: Mean digits against" in figure
