"""Claims of the papers on what helps a primitive, each with the settings that test it, at equal updates and seeds.

    python -m benchmarks.accuracy --preset ablations --out reports/published/ablations

trains every setting, in a folder of its own, since these are no rows for the tables of methods; `python -m
benchmarks.report` shows the verdicts. All settings are `published_primitive` with its default
fields, one replica, and what the claim changes. A field that keeps its default has no part in a setting's name, so a
setting that serves several claims is one configuration, and run once.

Papers: Maître & Santos-Mateos, JHEP 03 (2023) 221 (JHEP); Bentley, MPhys thesis, Durham 2024 (thesis).
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.experiments.experiment import Experiment, Preset, Table
from benchmarks.records import current_records
from benchmarks.records.run_records import Record

INTEGRAL, BUDGET_S = "box1l", 300.0
"""The integral that is trained on, and seconds that no setting should need."""

UPDATES = 300
"""Updates of each setting, rather than a time, since that would measure what else the machine does."""

SIGNIFICANT = 2.0
"""Standard errors of the difference from which on it counts: the error bars of three repeats are rough."""

BASE = "published_primitive,n_replicas=1"


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement of a paper about what gives more digits.

    Parameters
    ----------
    name : str
        In a word or two.
    text, source : str
        What is claimed, and where.
    settings : dict of str to str
        Label -> method as on the command line.
    order : tuple of tuple of str
        Pairs of labels (fewer digits, more digits) that the claim amounts to; none where it is an open question.
    """

    name: str
    text: str
    source: str
    settings: Mapping[str, str]
    order: tuple[tuple[str, str], ...] = ()

    def runs(self, found: Iterable[Record]) -> dict[str, list[Record]]:
        """Choose each label's repeats, bad ones too, among these records: those of one machine and one version.

        The machines of two labels may differ, since digits after so many updates do not depend on how quick one is.
        """
        here = [r for r in found if (r["integral"], r["budget_s"]) == (INTEGRAL, BUDGET_S)]
        return {label: current_records.current(here, spec) for label, spec in self.settings.items()}

    def verdict(self, digits: Mapping[str, Sequence[float]]) -> str:
        """Say what the digits of each label decide; a label that is missing was not run, which decides nothing."""
        return "not run" if self.settings.keys() - digits.keys() else verdict(self.order, digits)


def verdict(order: Iterable[tuple[str, str]], figures: Mapping[str, Sequence[float]]) -> str:
    """Say "confirmed", "not reproduced at this budget", "not decided", "not run" or "open question".

    Confirmed needs every pair in the order claimed, not reproduced one pair in the opposite order, by SIGNIFICANT
    standard errors. Seconds of training cannot refute what the authors found in hours. A label of which all repeats
    failed has no figures: it counts as worse than one that has some.

    Parameters
    ----------
    order : iterable of tuple of str
        Pairs of labels (less, more) that are claimed.
    figures : mapping
        Label -> its figure in each repeat, such as digits; a label that was not run is missing.
    """
    pairs = list(order)
    if set(itertools.chain.from_iterable(pairs)) - figures.keys():
        return "not run"
    signs = [_compare(figures[less], figures[more]) for less, more in pairs]
    if not signs:
        return "open question"
    if min(signs) < 0:
        return "not reproduced at this budget"
    return "confirmed" if min(signs) > 0 else "not decided"


def ablations() -> Preset:
    """Run every setting of every claim, with three repeats."""
    return Preset({INTEGRAL: BUDGET_S}, {INTEGRAL: [s for c in CLAIMS for s in c.settings.values()]}, repeats=3)


def tables(found: Sequence[Record]) -> list[Table]:
    """Make the table of claims, without those of which no setting was run."""
    rows = []
    for claim in CLAIMS:
        runs = claim.runs(found)
        if used := [record for of_label in runs.values() for record in of_label]:
            rows.append((_row(claim, runs), used))
    explanation = (
        f"What the papers on primitives say helps, tried out with {UPDATES} updates, where they made ten thousand and "
        "more; the records are in published/ablations."
    )
    return [Table("Claims of the papers, at equal updates and seeds", explanation, rows)]


def _row(claim: Claim, runs: Mapping[str, Sequence[Record]]) -> dict[str, str]:
    digits = digits_of(runs)
    return {
        "claim": f"{claim.name}: {claim.text}",
        "digits, mean ± standard deviation of repeats": "; ".join(
            f"{label} {shown(digits.get(label))}" for label in claim.settings
        ),
        "verdict": claim.verdict(digits),
        "source": claim.source,
        "note": "; ".join(current_records.notes(runs)),
    }


def digits_of(runs: Mapping[str, Sequence[Record]]) -> dict[str, list[float]]:
    """Digits of each label that was run, in those of its repeats that finished."""
    return {
        label: [r["digits_mean"] for r in of_label if r["status"] == "ok"]
        for label, of_label in runs.items()
        if of_label
    }


def shown(values: Sequence[float] | None) -> str:
    """Write mean ± standard deviation (how many), "failed" where no repeat has a value, or "not run" for None."""
    if values is None:
        return "not run"
    if len(values) < 2:
        return f"{values[0]:z.2f}" if values else "failed"
    return f"{statistics.fmean(values):z.2f} ± {statistics.stdev(values):.2f} ({len(values)})"  # z: no -0.00


def _compare(fewer: Sequence[float], more: Sequence[float]) -> int:
    """Compare two settings: 1 where `more` is larger beyond chance, −1 where it is smaller, 0 where that is open."""
    if not fewer or not more:
        return bool(more) - bool(fewer)
    if min(len(fewer), len(more)) < 2:
        return 0
    error = math.hypot(*(statistics.stdev(values) / math.sqrt(len(values)) for values in (fewer, more)))
    difference = statistics.fmean(more) - statistics.fmean(fewer)
    return 0 if abs(difference) <= SIGNIFICANT * error else int(math.copysign(1, difference))


def _settings(**fields: str) -> dict[str, str]:
    """Map each label to its method, given what the label adds to BASE."""
    return {label: ",".join(filter(None, (BASE, text, f"n_updates={UPDATES}"))) for label, text in fields.items()}


_ACTIVATIONS = _settings(
    tanh="",
    sigmoid="activation=sigmoid,gain=2.0",
    gelu="activation=gelu",
    softsign="activation=softsign",
    softplus="activation=softplus",
    polylog3="activation=polylog3",
    relu3="activation=relu3",
    relu4="activation=relu4",
)
"""Gains as in the papers' tables; those of the f_n are not printed, and stay at 1.5."""

CLAIMS = (
    Claim(
        "activation", "softsign ≪ sigmoid < tanh < GELU", "thesis table I, sections 5.2 to 5.4",
        {label: _ACTIVATIONS[label] for label in ("softsign", "sigmoid", "tanh", "gelu")},
        (("softsign", "sigmoid"), ("sigmoid", "tanh"), ("tanh", "gelu")),
    ),
    Claim(
        "f_n families", "an integral of order k of the sigmoid or the ReLU can serve instead of a regular activation",
        "JHEP eq. 2.6 to 2.8, without a result",
        {label: _ACTIVATIONS[label] for label in ("tanh", "softplus", "polylog3", "relu3", "relu4")},
    ),
    Claim(
        "Korobov transform", "a Korobov transformation improves the accuracy", "JHEP section 2.2",
        _settings(identity="transform=identity", korobov3=""), (("identity", "korobov3"),),
    ),
    Claim(
        "centre normalisation", "it is useful to divide the integrand by its value at the centre", "JHEP section 2.2",
        _settings(none="normalisation=none", centre=""), (("none", "centre"),),
    ),
    Claim(
        "largest value one", "dividing the target by its maximum, too, makes training converge faster",
        "thesis eq. 2.22",
        _settings(one="scale=one", max="scale=max", std=""), (("one", "max"),),
    ),
    Claim(
        "points", "a lattice or random points: which is best should be investigated", "JHEP section 3.3",
        _settings(random="points=random", sobol="points=sobol", lattice=""),
    ),
    Claim(
        "n_repeat", "few updates between shifts prevent overfitting to a sample", "JHEP section 3.1, table 1: 5",
        _settings(n_repeat_1="n_repeat=1", n_repeat_5="", n_repeat_50="n_repeat=50"), (("n_repeat_50", "n_repeat_5"),),
    ),
    Claim(
        "gain", "the initialisation's gain has an important impact on convergence; 1.5 for tanh",
        "JHEP section 3.1, table 1",
        _settings(gain_0p5="gain=0.5", gain_1p5="", gain_3="gain=3.0"),
        (("gain_0p5", "gain_1p5"), ("gain_3", "gain_1p5")),
    ),
    Claim(
        "lattice size", "accuracy increases with the size of the lattice", "thesis section 5.4.1",
        _settings(size_512="lattice_size=512", size_2048="", size_8192="lattice_size=8192"),
        (("size_512", "size_2048"), ("size_2048", "size_8192")),
    ),
    Claim(
        "depth", "3 layers of 130 nodes do slightly better than 10 of 60", "thesis table I, section 5.4",
        _settings(
            depth_10x60="activation=gelu_tanh,depth=10,width=60", depth_3x130="activation=gelu_tanh,depth=3,width=130"
        ),
        (("depth_10x60", "depth_3x130"),),
    ),
)  # fmt: skip

EXPERIMENT = Experiment(source="ablations", presets={"ablations": ablations}, tables=tables)
