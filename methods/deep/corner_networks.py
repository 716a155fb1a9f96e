"""Networks that estimate an integral by their corner sums, put together as `methods.export` asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from methods.deep.network import PrimitiveNetwork


class CornerNetworks(NamedTuple):
    """Each network gives I(s) as `factor` times its corner sum at `scaled(s)`, times f(s, ½) where `times_centre`."""

    networks: Sequence[PrimitiveNetwork]
    scaled: Callable[[Any], Any]
    """From s (n, m) to the networks' input, by arithmetic alone."""
    factor: float
    times_centre: bool
