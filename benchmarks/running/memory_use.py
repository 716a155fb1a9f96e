"""Memory that a run may use, and memory that processes use together.

Pages shared by n processes count 1/n in each, which Linux calls the proportional set size (PSS). Adding it up walks the
page tables of a process, so it is asked for only where the resident memory (RSS), a bound from above, passes the limit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import psutil

ALLOWED_SHARE = 0.8
"""Share of the memory of the machine or the container that a run may use; its other processes need some, too.

Each of several runs at a time may use it, so that none fails for the number of them, of which its record says nothing:
where the runs of a suite need more than there is together, give it fewer jobs."""

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")


def allowed_bytes(cgroups: Path = CGROUPS, own: Path = OWN_CGROUPS) -> float:
    """Return the bytes that a run may use where nobody says how many: 80 % of the machine's or the container's."""
    return ALLOWED_SHARE * min([float(psutil.virtual_memory().total), *cgroup_limits(cgroups, own)])


def cgroup_limits(cgroups: Path = CGROUPS, own: Path = OWN_CGROUPS) -> list[float]:
    """Return the memory limits, in bytes, of the control groups of this process and of those around them.

    Parameters
    ----------
    cgroups : Path
        Where the control groups are mounted, of version 1 or 2.
    own : Path
        The file that says in which groups this process is: lines of ``number:controllers:path``.
    """
    limits = []
    for line in _text(own).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":
            limits += _limits_upwards(cgroups, path, "memory.max")
            limits += _limits_upwards(cgroups / "unified", path, "memory.max")
        elif "memory" in controllers.split(","):
            limits += _limits_upwards(cgroups / "memory", path, "memory.limit_in_bytes")
    return limits


def _limits_upwards(mount: Path, path: str, name: str) -> list[float]:
    """Return the limits of a group and of all above it. Within a container the path may be one of the host's."""
    inside = PurePosixPath(path.lstrip("/"))
    texts = [_text(mount / group / name).strip() for group in (inside, *inside.parents) if ".." not in group.parts]
    return [float(text) for text in texts if text.isdecimal()]  # "max" is no limit


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def used_bytes(processes: Iterable[psutil.Process], limit: float) -> float:
    """Return the bytes that processes use together: exactly above `limit`, and an upper bound below it."""
    processes = list(processes)
    resident = sum(_resident(process) for process in processes)
    return resident if resident <= limit else sum(_proportional(process) for process in processes)


def _resident(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.Error):  # it has ended
        return float(process.memory_info().rss)
    return 0.0


def _proportional(process: psutil.Process) -> float:
    """Return the proportional set size, or the resident memory where the system does not tell."""
    with contextlib.suppress(psutil.Error, OSError, AttributeError):
        return float(process.memory_full_info().pss)
    return _resident(process)
