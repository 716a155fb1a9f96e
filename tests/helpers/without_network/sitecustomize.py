"""Python with this folder on PYTHONPATH connects to this machine only; other addresses raise ConnectionRefusedError."""

from __future__ import annotations

import socket
import sys

LOCAL = ("127.", "::1", "localhost")


def refuse_other_machines(event: str, arguments: tuple) -> None:
    """Refuse names that are looked up and addresses that are connected to, but for those of this machine."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and arguments[0].family in (socket.AF_INET, socket.AF_INET6):
        host = arguments[1][0]
    else:
        return
    if host is not None and not str(host).startswith(LOCAL):
        raise ConnectionRefusedError(f"There is no network here, and {host} is another machine.")


sys.addaudithook(refuse_other_machines)
