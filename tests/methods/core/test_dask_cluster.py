"""What a worker of a cluster is compared by: the files that decide its results."""

from __future__ import annotations

import pytest

from methods.core import dask_cluster


@pytest.fixture
def source_hash(tmp_path, monkeypatch):
    """Return a function that hashes the sources of a project in `tmp_path`."""
    monkeypatch.setattr(dask_cluster, "PROJECT", tmp_path)

    def now():
        dask_cluster.versions.cache_clear()
        return dask_cluster.versions(())[dask_cluster.SOURCE]

    yield now
    dask_cluster.versions.cache_clear()


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("methods/base.py", True),
        ("methods/core/kernel.cpp", True),
        ("references/loops/box1l.toml", True),
        ("references/loops/box1l.json", True),
        ("references/truth/box1l.csv", False),
    ],
)
def test_a_worker_with_other_sources_or_sectors_is_another(name, counts, tmp_path, source_hash):
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text("one")
    before = source_hash()
    assert source_hash() == before
    path.write_text("two")
    assert (source_hash() != before) == counts
