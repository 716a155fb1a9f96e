"""The interface of processes that evaluate a compiled library, by whichever of pySecDec's own interfaces."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np


class Answer(NamedTuple):
    """An integral at one phase-space point, and what it took."""

    value: complex
    """Without an imaginary part where the integrand is real."""
    error: float
    """√(σ_Re² + σ_Im²) of the standard deviations of both parts, as pySecDec states them."""
    n_eval: int
    """Integrand evaluations."""
    kernel_s: float
    """Seconds inside compiled code, summed over processes."""
    busiest_s: float
    """Seconds inside compiled code of the process that had most of them."""
    size_max: int
    """Largest sample size: the lattice size of a QMC, evaluations of a term with Cuba."""


class Evaluator(Protocol):
    """A compiled library in processes that die with their parent."""

    @property
    def alive(self) -> bool:
        """Whether it was not closed."""

    def close(self) -> None:
        """Kill the processes; more than once does no harm."""

    def evaluate(self, row: np.ndarray) -> Answer:
        """Integrate at one phase-space point (m,). Raises RuntimeError, and closes, where that fails."""
