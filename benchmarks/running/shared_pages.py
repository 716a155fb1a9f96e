"""The memory that runs share with the forkserver, made cheap to share; its import is the last act of the forkserver.

A new process copies one entry of the page table for each page that its parent has written to, and one page for each
that it writes to itself. The forkserver has 300 MiB of them, so two things are done once:

- Python's garbage collector leaves alone what is there now, since looking at an object writes to its page.
- Linux is asked to hold it in pages of 2 MiB in place of 4 KiB (``MADV_COLLAPSE``, since Linux 6.1). Elsewhere nothing
  happens. On a virtual machine this took 1 s, and a fork with its end 10 ms of CPU time in place of 27.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.running import stopwatch

HUGE_PAGE = 2**21
"""Bytes, on x86 and ARM with pages of 4 KiB; a system with others refuses, and nothing is changed."""

COLLAPSE = 25
"""Linux's MADV_COLLAPSE."""


def own_memory(maps: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield (address, bytes) of the whole huge pages in memory that no other process sees and no file backs.

    Parameters
    ----------
    maps : iterable of str
        Lines as of ``/proc/self/maps``: range, permissions, offset, device, inode and, if any, name.
    """
    for line in maps:
        addresses, permissions, _, _, inode, *_ = line.split()
        low, high = (int(address, 16) for address in addresses.split("-"))
        first, end = -(-low // HUGE_PAGE) * HUGE_PAGE, high // HUGE_PAGE * HUGE_PAGE
        if permissions.startswith("rw-p") and inode == "0" and first < end:
            yield first, end - first


def use_huge_pages() -> None:
    """Ask Linux to hold this process's memory in huge pages; where it cannot, everything stays as it is."""
    maps = Path("/proc/self/maps")
    if sys.platform != "linux" or not maps.exists():
        return
    madvise = ctypes.CDLL(None).madvise
    for address, size in own_memory(maps.read_text().splitlines()):
        madvise(ctypes.c_void_p(address), ctypes.c_size_t(size), COLLAPSE)


stopwatch.thread_pools(1)  # every run first limits itself to one thread
gc.collect()
gc.freeze()
use_huge_pages()
