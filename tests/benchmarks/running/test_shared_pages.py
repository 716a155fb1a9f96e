"""What the forkserver has loaded costs no run anything: neither imports, nor a page table of small pages."""

from __future__ import annotations

import pytest
from forkserver_functions import huge_pages_in, modules_imported_by

import references
from benchmarks.running import isolated
from benchmarks.running.task import Task

MAPS = """\
00400000-00600000 r-xp 00000000 fe:00 17 /usr/bin/python3
01ff0000-02600000 rw-p 00000000 00:00 0 [heap]
7f0000000000-7f0000100000 rw-p 00000000 00:00 0
7f0000200000-7f0000600000 rw-p 00000000 fe:00 12 /usr/lib/libtorch.so
7f0000800000-7f0000a00000 rw-s 00000000 00:01 9 /dev/zero (deleted)
7f0000c00000-7f0001000000 rw-p 00000000 00:00 0
"""


def test_whole_huge_pages_of_own_memory_are_found():
    # In a run's process: where it is imported first, it changes the process, which is meant for the forkserver alone.
    found = isolated.call(huge_pages_in, MAPS, time_limit=120.0).result
    assert found == [[0x2000000, 0x600000], [0x7F0000C00000, 0x400000]]


@pytest.mark.parametrize(("method", "fields"), [("gauss_legendre", {"order": 8}), ("chebyshev", {})])
def test_a_run_imports_little(method, fields, tmp_path):
    truth = references.truth("bubble")
    task = Task(
        "bubble", method, fields, 1.0, truth, tmp_path / "raw.npz", tmp_path / "model", batches=(1,), timed_s=0.0
    )
    imported = isolated.call(modules_imported_by, task, time_limit=120.0).result
    assert "references.integrals.bubble" in imported  # this much has to be imported
    assert len(imported) <= 5, imported
