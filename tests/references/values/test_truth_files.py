"""Files of true values and journals: damage, stale equations and failed writes are noticed."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
from integrals import plain, product

from references import tabulate
from references.values import on_demand, truth_files
from references.values.journal import Journal
from references.values.table_plans import Check, TablePlan
from references.values.truth_files import TruthError

PLAN = TablePlan(n=20, edge_points=12, epsrel=1e-12, asks=(Check("closed_form", 1e-6, 20, 12),))


@pytest.fixture
def written(tmp_path, checked_by_closed_form):
    checked_by_closed_form(product(1))
    tabulate.tabulate(product(1), PLAN, tmp_path)
    return tmp_path / "product1.csv"


DAMAGES = pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text[: text.rindex("\n", 0, -1) + 1],
        lambda text: "",
        lambda text: "\x00\x01\x02",
        lambda text: text.replace("s1,s2", "s1,s3"),
        lambda text: text.replace("# file_hash", "# other"),
        lambda text: text + "1,2,3\n",
        lambda text: text.replace('"how": ', '"how": {') + "x",
        lambda text: text.replace(",1,", ",0,", 1),
        lambda text: text[:-60] + text[-60:].replace("1", "2"),
    ],
    ids=["half", "a row less", "empty", "binary", "columns", "no hash", "short row", "garbage", "flag", "a digit"],
)


@DAMAGES
def test_damaged_files_are_refused(written, damage):
    before = written.read_text()
    assert damage(before) != before
    written.write_text(damage(before))
    with pytest.raises(TruthError, match=r"damaged|stale truth"):
        truth_files.read(written, product(1))


@DAMAGES
def test_damaged_files_have_no_hashes(written, tmp_path, damage):
    truth, damaged = truth_files.read(written, product(1)).truth, tmp_path / "damaged.csv"
    damaged.write_text(damage(written.read_text()))
    assert truth_files.stored_hashes(written) == (product(1).fingerprint(), truth.digest())
    assert truth_files.stored_hashes(damaged) is None
    assert truth_files.read_or_none(damaged, product(1)) is None


def test_bytes_that_are_no_text_are_refused(written):
    written.write_bytes(b"\xff\xfe" + written.read_bytes())
    with pytest.raises(TruthError, match="damaged"):
        truth_files.read(written, product(1))


@pytest.mark.parametrize(
    "change",
    [{"high": (2.0, 2.5)}, {"integrand": lambda s, x: (s[..., 0] + 1.0001 * s[..., 1] * x[..., 0]) ** -2.0}],
    ids=["box", "equation"],
)
def test_truth_of_another_equation_is_stale(written, change):
    other = dataclasses.replace(plain(1), **change)
    with pytest.raises(TruthError, match=r"stale truth\): run python -m references.tabulate"):
        truth_files.read(written, other)
    truth_files.read(written, plain(1))


def test_an_untabulated_integral_is_told_how_to_be_tabulated(tmp_path):
    with pytest.raises(TruthError, match=r"no stored true values of product1; run python -m references\.tabulate"):
        truth_files.read(tmp_path / "product1.csv", product(1))


def test_a_failed_write_leaves_the_old_file(written):
    before = written.read_bytes()
    truth = on_demand.truth_of(product(1), 5, 1, 0)
    with pytest.raises(IndexError):
        truth_files.write(written, product(1), {}, truth, {"closed_form": np.zeros((4, 2))})
    assert written.read_bytes() == before


def flipped(content: bytes, generator: random.Random) -> bytes:
    """Return the content with one bit flipped."""
    damaged = bytearray(content)
    damaged[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
    return bytes(damaged)


def test_flipped_bits_in_a_journal_cost_a_part_and_never_change_one(tmp_path):
    path = tmp_path / "a.journal"
    results = {f"part {i}": [i + 0.5, "how"] for i in range(20)}
    with Journal(path, "key") as journal:
        for label, result in results.items():
            journal.write(label, result)
    content, generator = path.read_bytes(), random.Random(1)
    lost = 0
    for _ in range(2_000):
        path.write_bytes(flipped(content, generator))
        damaged = Journal(path, "key")
        kept = {label: damaged[label] for label in results if label in damaged}
        assert kept.items() <= results.items()
        lost += len(results) - len(kept)
    assert 0 < lost <= 2 * 2_000  # a flipped newline joins two lines


def test_flipped_bits_in_a_truth_are_noticed_header_included(tmp_path):
    path = tmp_path / "product2.csv"
    truth_files.write(path, product(2), {"name": "product2"}, on_demand.truth_of(product(2), 4, 1, 0), {})
    content, generator = path.read_bytes(), random.Random(1)
    before = truth_files.read(path, product(2))
    for _ in range(300):
        path.write_bytes(flipped(content, generator))
        try:
            found = truth_files.read(path, product(2))
        except TruthError:
            continue
        assert found.header == before.header
        assert found.truth.digest() == before.truth.digest()
