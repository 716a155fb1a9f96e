"""Compiled code in the cache: what it took is kept with it, and told to whoever meters, once."""

from __future__ import annotations

import contextvars
import ctypes
import json
import math
import shutil
import sys

import pytest
from compilers import needs_compiler
from integrals import product

from methods.core import build_cache, kernel_library
from methods.core.build_cache import BUILDS, Build
from methods.secdec import library as pysecdec_library


def _turned_into_a_file(entry):
    shutil.rmtree(entry)
    entry.write_text("")


def _turned_into_a_link(entry):
    entry.rename(entry.parent.parent / "elsewhere")
    entry.symlink_to("nowhere")


DAMAGES = {
    "one bit": lambda entry: (entry / "loopmark.so").write_bytes(b"bompiled"),
    "truncated": lambda entry: (entry / "loopmark.so").write_bytes(b""),
    "file missing": lambda entry: (entry / "loopmark.so").unlink(),
    "data missing": lambda entry: shutil.rmtree(entry / "data"),
    "file too many": lambda entry: (entry / "another.so").write_bytes(b"compiled"),
    "seconds damaged": lambda entry: (entry / "setup.json").write_text("{"),
    "hashes missing": lambda entry: (entry / "hashes.json").unlink(),
    "hashes no text": lambda entry: (entry / "hashes.json").write_bytes(b"\xff\xfe"),
    "hashes of nothing": lambda entry: (entry / "hashes.json").write_text("{}"),
    "empty": lambda entry: [shutil.rmtree(entry), entry.mkdir()],
    "a file": _turned_into_a_file,
    "a link": _turned_into_a_link,
}
"""What may become of an entry of the cache of pySecDec libraries."""


LIBRARY_DAMAGES = {
    "truncated": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "one bit": lambda content: content[:-1000] + bytes([content[-1000] ^ 1]) + content[-999:],
}
"""What may become of a compiled kernel in the cache."""


@pytest.fixture
def metered():
    """Return a function that calls another one while its builds are noted, and returns these."""

    def builds_of(function, *args) -> list[Build]:
        token = BUILDS.set([])
        try:
            function(*args)
            return BUILDS.get()
        finally:
            BUILDS.reset(token)

    return builds_of


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Return a function that loads a small kernel, from a cache of its own."""
    monkeypatch.setenv("LOOPMARK_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "answer.cpp"
    source.write_text('extern "C" int answer() { return ANSWER; }')
    return lambda answer=42: kernel_library.load(source, [f"ANSWER={answer}"], {})


@needs_compiler
def test_a_compilation_is_noted_with_its_seconds_and_later_as_from_the_cache(load, metered, tmp_path):
    (made,) = metered(load)
    assert made.what.startswith("answer ")
    assert made.seconds.keys() == {"compile"}
    assert made.seconds["compile"] > 0
    assert not made.from_cache
    (found,) = metered(load)
    assert found == made._replace(from_cache=True)
    (kept,) = (tmp_path / "cache" / "kernels").glob("*.json")
    assert json.loads(kept.read_text())["compile"] == made.seconds["compile"]


@needs_compiler
def test_two_kernels_are_two_builds_and_one_that_is_opened_twice_is_one(load, metered):
    builds = metered(lambda: [load(1), load(2), load(1)])
    assert len({build.what for build in builds}) == len(builds) == 2
    assert not any(build.from_cache for build in builds)


@needs_compiler
@pytest.mark.parametrize("kept", [None, "", "[]", "{}", {"compile": None}, {"compile": math.nan}, {"compile": -1.0}])
def test_an_entry_whose_seconds_are_not_known_is_compiled_again(load, metered, tmp_path, kept):
    load()
    (seconds,) = (tmp_path / "cache" / "kernels").glob("*.json")
    if kept is None:
        seconds.unlink()
    elif isinstance(kept, str):
        seconds.write_text(kept)
    else:
        seconds.write_text(json.dumps(json.loads(seconds.read_text()) | kept))
    (build,) = metered(load)
    assert not build.from_cache
    assert json.loads(seconds.read_text())["compile"] == build.seconds["compile"]


@needs_compiler
def test_a_library_that_the_loader_of_this_system_refuses_is_compiled_again(load, metered, monkeypatch):
    load()
    opened, tried = ctypes.CDLL, []

    def refusing(path):
        tried.append(path)
        if len(tried) == 1:
            raise OSError("version `GLIBC_2.99' not found")
        return opened(path)

    monkeypatch.setattr(ctypes, "CDLL", refusing)
    loaded = []
    (build,) = metered(lambda: loaded.append(load()))
    assert not build.from_cache
    assert loaded[0].answer() == 42


@needs_compiler
@pytest.mark.parametrize("damage", LIBRARY_DAMAGES.values(), ids=LIBRARY_DAMAGES)
def test_a_damaged_library_is_compiled_again(load, metered, tmp_path, damage):
    load()
    (library,) = (tmp_path / "cache" / "kernels").glob("*.so")
    content = library.read_bytes()
    library.unlink()  # its memory stays with this process, which has opened it
    library.write_bytes(damage(content))
    loaded = []
    (build,) = metered(lambda: loaded.append(load()))
    assert not build.from_cache
    assert loaded[0].answer() == 42
    (build,) = metered(load)
    assert build.from_cache


@needs_compiler
def test_seconds_without_a_library_are_no_entry(load, metered, tmp_path):
    load()
    (library,) = (tmp_path / "cache" / "kernels").glob("*.so")
    library.unlink()
    (build,) = metered(load)
    assert not build.from_cache
    assert library.exists()


@needs_compiler
def test_a_compilation_that_fails_is_no_build_and_leaves_nothing(load, metered, tmp_path):
    assert metered(lambda: load("(")) == []
    assert not list((tmp_path / "cache" / "kernels").iterdir())


def test_a_pysecdec_library_is_made_again_for_another_number_of_jobs(metered, tmp_path, monkeypatch):
    """The seconds that two jobs took are not those of one."""
    monkeypatch.setenv("LOOPMARK_CACHE", str(tmp_path))
    made_by = []

    def make(wanted, folder, cxxflags, jobs):
        made_by.append(jobs)
        (folder / "ready").mkdir()
        (folder / "ready" / "setup.json").write_text(json.dumps({"generate": 1.0, "compile": 8.0 / jobs}))
        return folder / "ready"

    monkeypatch.setattr(pysecdec_library, "generate_and_compile", make)
    expression = product(1).expression
    builds = [
        metered(lambda jobs=jobs: pysecdec_library.build(expression, cxxflags="", jobs=jobs)) for jobs in (1, 2, 1)
    ]
    assert made_by == [1, 2]
    assert [build.seconds["compile"] for (build,) in builds] == [8.0, 4.0, 8.0]
    assert [build.from_cache for (build,) in builds] == [False, False, True]
    assert builds[0][0].what == builds[2][0].what != builds[1][0].what


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_pysecdec_library_is_made_again(damage, metered, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPMARK_CACHE", str(tmp_path))

    def make(wanted, folder, cxxflags, jobs):
        ready = folder / "ready"
        (ready / "data").mkdir(parents=True)
        (ready / "loopmark.so").write_bytes(b"compiled")
        (ready / "data" / "contour.txt").write_text("0.9")
        (ready / "setup.json").write_text(json.dumps({"generate": 1.0, "compile": 8.0}))
        return ready

    def build():
        pysecdec_library.build(product(1).expression, cxxflags="", jobs=1)

    monkeypatch.setattr(pysecdec_library, "generate_and_compile", make)
    build()
    (entry,) = (tmp_path / "pysecdec").iterdir()
    damage(entry)
    assert [build.from_cache for build in metered(build)] == [False]
    assert [build.from_cache for build in metered(build)] == [True]
    assert (entry / "loopmark.so").read_bytes() == b"compiled"
    assert [path.name for path in (tmp_path / "pysecdec").iterdir()] == [entry.name]


def test_what_was_opened_before_somebody_metered_is_noted_at_its_next_use(metered):
    """A loader remembers its library for the life of the process, which may have been preloaded."""
    opened = []

    @build_cache.remembered
    def loader(name):
        opened.append(name)
        build_cache.note(Build(name, {"compile": 3.0}, from_cache=False))
        return ctypes.c_int(1)

    first = loader("kernel")
    assert metered(loader, "kernel") == [Build("kernel", {"compile": 3.0}, from_cache=True)]
    assert metered(lambda: [loader("kernel"), loader("kernel")]) == [Build("kernel", {"compile": 3.0}, from_cache=True)]
    assert loader("kernel") is first
    assert opened == ["kernel"]


def test_who_meters_when_it_is_made_sees_that_it_was_made(metered):
    @build_cache.remembered
    def loader():
        build_cache.note(Build("kernel", {"compile": 3.0}, from_cache=False))

    assert metered(lambda: [loader(), loader()]) == [Build("kernel", {"compile": 3.0}, from_cache=False)]


def test_nothing_is_noted_where_nobody_meters():
    def builds():
        build_cache.note(Build("kernel", {"compile": 3.0}, from_cache=False))
        return BUILDS.get()

    assert contextvars.Context().run(builds) is None


def test_a_machine_without_platformdirs_can_be_told_a_folder(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    monkeypatch.setenv("LOOPMARK_CACHE", str(tmp_path))
    assert build_cache.folder("kernels") == tmp_path / "kernels"
    monkeypatch.delenv("LOOPMARK_CACHE")
    with pytest.raises(ModuleNotFoundError):
        build_cache.folder("kernels")
