"""What comes back of a function in a process of its own: results, errors, output, memory, and several outcomes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import faulty_functions as faulty
import numpy as np
import psutil
import pytest
from isolated_processes import LIMIT_S, alive, call, ends

from benchmarks.running import isolated, memory_use
from benchmarks.running import isolated_messages as messages

ROOT = Path(__file__).resolve().parents[3]

linux = pytest.mark.skipif(sys.platform != "linux", reason="what is tested is asked of Linux")


# ----- what comes back --------------------------------------------------------------------------------------------


def test_json_values_and_arrays_come_back():
    value = {"text": "ψ", "list": [1, 2.5, None, True, 10**30], "nested": {"a": {}}}
    outcome = call(faulty.returned, value)
    assert outcome == isolated.Outcome("ok", None, value)


@pytest.mark.parametrize(
    "array",
    [
        np.array([1.0, np.nan, -np.inf]),
        np.array([[True], [False]]),
        np.arange(6, dtype=np.int16).reshape(2, 3)[:, ::2],
        np.array([1 + 2j]),
        np.zeros((0, 3), dtype=np.float32),
        np.array(7, dtype=np.uint8),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_keep_type_shape_and_values(array):
    found = call(faulty.returned, [array]).result[0]
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    found[...] = 0  # may be written to


def test_a_text_of_a_subclass_runs_no_code_here(tmp_path):
    outcome = call(faulty.bomb_text, str(tmp_path / "exploded"))
    assert type(outcome.result["details"]) is str
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nan", "nan, which is the result['a'][1]"),
        ("inf", "-inf"),
        ("float64", "nan"),
        ("set", "the result['a'], which is of type set"),
        ("object", "Unpicklable"),
        ("bomb", "Bomb"),
        ("objects", "type ndarray of object"),
        ("texts", "type ndarray of <U1"),
        ("int64", "int64"),
        ("key", "key of the result is 1"),
        ("array key", "__array__"),
        ("subclass", "type Subclassed of float64"),
        ("masked", "type MaskedArray of float64"),
        ("circle", "holds itself"),
        ("deep", "nested too deeply"),
        ("large", "320 MB; at most 256 MB"),
    ],
)
def test_a_result_that_json_cannot_hold_fails_and_says_what_it_was(name, said):
    outcome = call(faulty.unsendable, name)
    assert outcome.status == "failed"
    assert said in outcome.reason
    assert outcome.result is None


def test_half_a_character_in_a_result_does_not_stop_who_writes_it():
    assert call(faulty.returned, {"\udfff": "a\ud800b"}).result == {"?": "a?b"}


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"nonsense",
        b"[" * 10**6,
        b'["ok", null, NaN, null]',
        b'["ok", null, 1]',
        b'["fine", null, 1, null]',
        b'["ok", 3, 1, null]',
        b"9" * 5000,
        b'["ok", null, {"__array__": ["|O", [1], "AAAAAAAAAAA="]}, null]',
        b'["ok", null, {"__array__": ["<f8", [1000000000000000], "AAAAAAAAAAA="]}, null]',
        b'["ok", null, {"__array__": ["<f8", [-1], "AAAAAAAAAAA="]}, null]',
        b'["ok", null, {"__array__": ["<f8", [1], "?"]}, null]',
        b'["ok", null, {"__array__": 3}, null]',
    ],
)
def test_bytes_that_are_no_message_are_refused(message):
    with pytest.raises(ValueError, match="that are no message"):
        messages.decoded(message)


# ----- exceptions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("speechless", "failed", "Speechless, whose message cannot be shown: asking for it raised RuntimeError"),
        ("exit", "failed", "SystemExit: 3"),
        ("interrupt", "failed", "KeyboardInterrupt"),
        ("memory", "out_of_memory", "MemoryError: Unable to allocate 1. PiB"),
        ("torch", "out_of_memory", "can't allocate memory"),
        ("infrastructure", "infrastructure", "no cache folder"),
        ("full disk", "infrastructure", "No space left on device"),
        ("quota", "infrastructure", "quota exceeded"),
        ("open files", "infrastructure", "Too many open files"),
        ("no file", "failed", "FileNotFoundError"),
    ],
)
def test_an_exception_is_an_outcome_with_its_traceback(name, status, said):
    outcome = call(faulty.raised, name)
    assert outcome.status == status
    assert said in outcome.reason
    assert "faulty_functions.py" in outcome.traceback


def test_a_message_of_30_mb_is_shortened_and_cleaned():
    outcome = call(faulty.raised, "long")
    assert outcome.reason.startswith("RuntimeError: half a ? character, a line and more xxx")
    assert len(outcome.reason) == messages.REASON_LENGTH
    assert len(outcome.traceback) == messages.TRACEBACK_LENGTH
    (outcome.reason + outcome.traceback).encode()


def test_a_text_is_cleaned_and_the_right_end_kept():
    assert messages.one_line(" a\tb\n\x1b[31mc\x85d ") == "a b [31mc d"
    assert messages.one_line("a" * 3000) == "a" * 1999 + "…"
    assert messages.last_lines("50 %\r100 %\r\ndone\x07\n") == "50 %\n100 %\ndone\n"
    assert messages.last_lines("a" * 3000 + "b" * 3000) == "a" * 1000 + "b" * 3000


# ----- output -----------------------------------------------------------------------------------------------------


def test_output_goes_to_no_file():
    assert call(faulty.kinds_of_output).result == [True, True]


@linux
def test_a_flood_of_output_fills_no_memory_here():
    call(faulty.returned, 1)
    before = psutil.Process().memory_info().rss
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted anew
    outcome = call(faulty.talkative, 200 * 10**6)
    assert outcome.status == "crashed"
    assert outcome.traceback.endswith("x\nthe very end\n")
    assert len(outcome.traceback) == messages.TRACEBACK_LENGTH
    (peak,) = (line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    assert int(peak) * 1024 - before < 20 * 10**6


# ----- memory -----------------------------------------------------------------------------------------------------


@linux
def test_memory_shared_by_children_counts_once():
    outcome = call(faulty.shared_by_children, 512 * faulty.MIB, 4.0, memory_limit=1024 * faulty.MIB)
    assert outcome.status == "ok"
    assert outcome.result == [0, 0, 0, 0]


def test_memory_of_all_children_counts():
    outcome = call(faulty.owned_by_children, 256 * faulty.MIB, memory_limit=768 * faulty.MIB)
    assert outcome.status == "out_of_memory"
    assert "of 768 MiB that it may use" in outcome.reason


@pytest.mark.parametrize(
    ("files", "own", "limits"),
    [
        ({"memory.max": "max\n"}, "0::/\n", []),
        ({"a/b/memory.max": "1000\n", "a/memory.max": "2000\n"}, "0::/a/b\n", [1000, 2000]),
        ({"memory/a/memory.limit_in_bytes": "1000\n"}, "9:cpu,cpuacct:/\n4:memory:/a\n0::/\n", [1000]),
        ({"memory/memory.limit_in_bytes": "1000\n"}, "4:memory:/docker/of/the/host\n", [1000]),
        ({"unified/a/memory.max": "1000"}, "0::/a\n", [1000]),
        ({"memory.max": "", "a/memory.max": "-1"}, "0::/a\n", []),
        ({"a/memory.max": "1000"}, "nonsense\n\n0::/a:b\n0::/../../a\n", []),
        ({}, "", []),
    ],
)
def test_limits_of_control_groups_are_found(tmp_path, files, own, limits):
    for name, text in files.items():
        (tmp_path / "mount" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mount" / name).write_text(text)
    (tmp_path / "own").write_text(own)
    assert memory_use.cgroup_limits(tmp_path / "mount", tmp_path / "own") == limits
    total = psutil.virtual_memory().total
    assert memory_use.allowed_bytes(tmp_path / "mount", tmp_path / "own") == 0.8 * min([total, *limits])


def test_without_control_groups_the_machine_is_the_limit(tmp_path):
    assert memory_use.allowed_bytes(tmp_path / "none", tmp_path / "none") == 0.8 * psutil.virtual_memory().total


@pytest.mark.slow
def test_calls_leave_nothing_in_the_suite():
    record = {"histograms": [list(range(1000))] * 10}
    for _ in range(20):
        call(faulty.returned, record)
    process = psutil.Process()
    memory, descriptors = process.memory_info().rss, process.num_fds()
    for _ in range(200):
        call(faulty.returned, record)
    assert process.memory_info().rss - memory < 2 * 10**6
    assert process.num_fds() == descriptors
    assert multiprocessing.active_children() == []


# ----- processes with more to say ---------------------------------------------------------------------------------


def test_a_generator_goes_on_when_it_is_asked():
    with isolated.Process(faulty.counting, 3, time_limit=LIMIT_S) as process:
        assert [process.outcome().result for _ in range(3)] == [[0, 1], [1, 2], [2, 3]]
        assert process.outcome().status == "failed"
        assert "nothing more" in process.outcome().reason


def test_time_counts_while_an_outcome_is_waited_for_only():
    with isolated.Process(faulty.counting, 2, time_limit=3.0) as process:
        assert process.outcome(time_limit=LIMIT_S).status == "ok"
        time.sleep(3.5)
        assert process.outcome().status == "ok"


def test_the_limit_of_one_outcome():
    with isolated.Process(time.sleep, 600, time_limit=LIMIT_S) as process:
        outcome = process.outcome(time_limit=1.0)
        assert outcome.status == "timeout"
        assert process.outcome() == outcome


def test_a_generator_may_fail_or_die_between_outcomes():
    with isolated.Process(faulty.yields_then_raises, time_limit=LIMIT_S) as process:
        assert process.outcome().status == "ok"
        assert process.outcome().reason == "RuntimeError: the second step diverged"
    with isolated.Process(faulty.yields_then_raises, time_limit=LIMIT_S) as process:
        pid = process.outcome().result
        os.kill(pid, signal.SIGKILL)
        assert ends(pid)
        outcome = process.outcome()
        assert outcome.status == "crashed"
        assert process.outcome() == outcome


def test_a_generator_ends_with_its_context():
    with isolated.Process(faulty.yields_then_raises, time_limit=LIMIT_S) as process:
        pid = process.outcome().result
    assert not alive(pid)
    assert process.outcome().status == "infrastructure"


@linux
def test_a_process_runs_where_it_is_told():
    last = max(os.sched_getaffinity(0))
    assert call(faulty.affinity, cpus={last}).result == [last]
    assert call(faulty.affinity).result == sorted(os.sched_getaffinity(0))
    assert call(faulty.affinity, cpus={10**6}).status == "infrastructure"
