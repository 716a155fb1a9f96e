"""A suite sends a supervisor the call that it is to watch over, and its ends of the connections of that call."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import NamedTuple


class Order(NamedTuple):
    """A call in a process of its own, and the limits of that process."""

    call: bytes
    """The function and its arguments, as `multiprocessing` pickles them; a supervisor does not look at them."""
    cpus: Collection[int] | None
    """Where the worker may run."""
    memory_limit: float
    """Bytes."""


class Ends(NamedTuple):
    """A supervisor's ends of the connections of a call."""

    lifeline: Connection
    """Its other end is the suite's, and closes when the suite wants an end or dies."""
    commands: Connection
    """The worker's: a byte asks for the next result."""
    results: Connection
    """The worker's: a message answers."""
    report: Connection
    """Takes one message, with an outcome and the last output; closes when everything has ended."""


def send(orders: socket.socket, order: Order, ends: Ends) -> None:
    """Send an order and these ends, which stay open here, too; raises OSError where nobody takes them."""
    content = bytes(ForkingPickler.dumps(order))
    socket.send_fds(orders, [len(content).to_bytes(8, "big")], [end.fileno() for end in ends])
    orders.sendall(content)


def receive(orders: socket.socket) -> tuple[Order, Ends] | None:
    """Wait for an order; None where nobody is left who could send one."""
    header, descriptors, _, _ = socket.recv_fds(orders, 8, len(Ends._fields))
    size, content = int.from_bytes(header, "big"), bytearray()
    while len(content) < size and (piece := orders.recv(min(size - len(content), 2**20))):
        content += piece
    if not header or len(content) < size:
        return None
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    lifeline, commands, results, report = descriptors
    return ForkingPickler.loads(content), Ends(
        Connection(lifeline, writable=False),
        Connection(commands, writable=False),
        Connection(results, readable=False),
        Connection(report, readable=False),
    )
