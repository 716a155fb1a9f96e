"""Accuracy of surrogates against the number of labels, and who wins in two and in eight dimensions.

    python -m benchmarks.accuracy --preset surrogate_points --out reports/published/surrogates

trains DNN, sk-DNN and BDT with their defaults on 1e3, 1e4 and 1e5 labels, with repeats; `python -m benchmarks.report`
shows the digits, and whether two statements of the paper are true here: the verdict follows from the records.

Paper: Bishara, Paul and Dy, *Skip connections for high precision regressors*, NeurIPS ML4PS 2022, table 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.experiments.experiment import Experiment, Preset, Table
from benchmarks.experiments.paper_claims import shown, verdict
from benchmarks.records import current_records
from benchmarks.records.run_records import Record, Row
from methods.papers.surrogate_recipes import BASES, INTEGRALS

N_LABELS = (1_000, 10_000, 100_000)

BUDGET_S = 6.0
"""Seconds of preparation, labels included, of each run."""

SHARES = {"1 %": "frac_within_1pct", "0.1 %": "frac_within_0p1pct"}
"""The paper's measures of a regressor: points within a relative error -> the key of their share in a record."""

COMMON = ("integral_hash", "truth_hash", "labels_version", "machine", "device", "threads", "points")
"""Keys in which regressors must agree to be compared: the truth, the labels, and the place, since seconds end a run."""


class Ranking(NamedTuple):
    """A statement of the paper on which regressor describes most points well."""

    text: str
    integral: str
    """The integral on which it is judged."""
    best: str
    """The regressor that is to have larger shares of points than each of the others."""


RANKINGS = (
    Ranking("Trees win in two dimensions", INTEGRALS[2], "BDT"),
    Ranking("Skip connections win in eight dimensions", INTEGRALS[8], "sk-DNN"),
)
"""The two statements of the paper, in its table 1 and its key results, on which regressor is the best."""


def surrogate_points() -> Preset:
    """Run each regressor with each number of labels on each integral."""
    specs = [_spec(base, n) for base in BASES.values() for n in N_LABELS]
    integrals = INTEGRALS.values()
    return Preset(dict.fromkeys(integrals, BUDGET_S), dict.fromkeys(integrals, specs), repeats=3)


def tables(found: Sequence[Record]) -> list[Table]:
    """Make the table of digits and shares, and the one of verdicts that follow from the shares."""
    return [
        Table(
            "Surrogates against the number of labels, mean ± standard deviation (repeats)",
            "What surrogates reach here; the records are in published/surrogates.",
            rows(found),
        ),
        Table(
            "Which surrogate wins",
            "Statements of the paper on surrogates, judged as there: by the shares of points within 1 % and 0.1 %.",
            verdicts(found),
        ),
    ]


def rows(found: Sequence[Record]) -> list[Row]:
    """Make a row of digits and shares of points for each integral and number of labels that was run."""
    table: list[Row] = []
    for integral in INTEGRALS.values():
        for n in N_LABELS:
            runs = {regressor: _runs(found, integral, regressor, n) for regressor in BASES}
            if not any(runs.values()):
                continue
            row = {"integral": integral, "labels": f"{n:,}"}
            row |= {f"{regressor}: digits": _shown(done, "digits_mean", 1) for regressor, done in runs.items()}
            row |= {
                f"{regressor}: within {within}": _shown(done, key, 100)
                for within, key in SHARES.items()
                for regressor, done in runs.items()
            }
            note = "; ".join(filter(None, [_fewer(runs, n), *current_records.notes(runs)]))
            table.append((row | {"note": note}, _records(runs)))
    return table


def verdicts(found: Sequence[Record]) -> list[Row]:
    """Write one sentence per statement and number of labels; none where a regressor is missing or not comparable.

    They are judged as in the paper: by the shares of points within 1 % and within 0.1 %, one verdict each where these
    differ. Superseded records are compared with one another, with a note, where all regressors learned from labels of
    the same version.
    """
    table: list[Row] = []
    for text, integral, best in RANKINGS:
        order = [(other, best) for other in BASES if other != best]
        for n in N_LABELS:
            runs = {regressor: _runs(found, integral, regressor, n) for regressor in BASES}
            if not all(runs.values()) or not _are_comparable(runs):
                continue
            shares = {
                within: {regressor: _percent(done, key) for regressor, done in runs.items()}
                for within, key in SHARES.items()
            }
            row = {
                "verdict": _joined({within: verdict(order, figures) for within, figures in shares.items()}),
                "sentence": f"{text}, on {integral} with {n:,} labels and {BUDGET_S:g} s: {_in_words(shares)}",
                "source": "table 1 and key results",
                "note": "; ".join(current_records.notes(runs)),
            }
            table.append((row, _records(runs)))
    return table


def _joined(verdicts: Mapping[str, str]) -> str:
    """Write the verdicts by several shares, as one where they agree."""
    if len(set(verdicts.values())) == 1:
        return next(iter(verdicts.values()))
    return ", ".join(f"{said} by points within {within}" for within, said in verdicts.items())


def _in_words(shares: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """Write the percentages of points within each bound, a mean and a deviation for each regressor."""
    return "; ".join(
        f"within {within}, in %: " + ", ".join(f"{regressor} {shown(values)}" for regressor, values in figures.items())
        for within, figures in shares.items()
    )


def _spec(base: str, n_labels: int) -> str:
    return f"{base},n_labels={n_labels}"


def _runs(found: Sequence[Record], integral: str, regressor: str, n_labels: int) -> list[Record]:
    here = [r for r in found if (r["integral"], r["budget_s"]) == (integral, BUDGET_S)]
    return current_records.current(here, _spec(BASES[regressor], n_labels))


def _records(runs: dict[str, list[Record]]) -> list[Record]:
    return [record for of_regressor in runs.values() for record in of_regressor]


def _values(found: Sequence[Record], key: str) -> list[float]:
    return [record[key] for record in found if record["status"] == "ok"]


def _percent(found: Sequence[Record], key: str) -> list[float]:
    return [100.0 * value for value in _values(found, key)]


def _shown(found: Sequence[Record], key: str, unit: float) -> str:
    return shown([unit * value for value in _values(found, key)]) if found else "not run"


def _are_comparable(runs: dict[str, list[Record]]) -> bool:
    """Tell whether all regressors had the same truth, labels and place, whatever their own versions are."""
    return len({tuple(record[key] for key in COMMON) for record in _records(runs)}) == 1


def _fewer(runs: dict[str, list[Record]], n_labels: int) -> str:
    """Say which regressors computed fewer labels than asked within the budget."""
    computed = {
        regressor: min((r["details"]["n_labels"] for r in done if r["status"] == "ok"), default=n_labels)
        for regressor, done in runs.items()
    }
    return "; ".join(f"{regressor} has {n:,} labels" for regressor, n in computed.items() if n < n_labels)


EXPERIMENT = Experiment(source="surrogates", presets={"surrogate_points": surrogate_points}, tables=tables)
