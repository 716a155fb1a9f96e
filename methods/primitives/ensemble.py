"""The base of all methods whose value is a corner sum: an ensemble of primitives, normalisation, value and error.

Each replica is a function N with ∂^k N/∂x1…∂xk ≈ f(s, x)/f(s, ½), so that for each of them

    I(s) ≈ f(s, ½) Σ_{x ∈ {0,1}^k} (−1)^(k − Σ x_i) N(s, x)                         (JHEP eq. 2.3, 2.19, 2.20)

The value is the mean of the replicas. Their standard deviation σ is the error of JHEP (section 3.1) and of ACAT
(section 3), σ/√n that of the thesis (eq. 4.1); `_common_error` adds what it does not show, where that is known.

Papers: Maître & Santos-Mateos, JHEP 03 (2023) 221; ACAT proceedings of the same; Bentley, MPhys thesis, Durham 2024.

notation: N = replica, f(s, ½) = the integrand at the centre of the unit cube, n = number of replicas.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import torch

from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.core import devices, few_points
from methods.core.batches import in_batches
from methods.core.names import unknown

PRECISIONS = {"float32": torch.float32, "float64": torch.float64}

UNCERTAINTIES: dict[str, Callable[[int], float]] = {"spread": lambda n: 1.0, "mean": lambda n: 1 / math.sqrt(n)}
"""Factor of the standard deviation of n replicas in the error: 1 in JHEP and ACAT, 1/√n in thesis eq. 4.1."""

CHUNK = 2**14
"""Phase-space points that are treated at once."""


@dataclass(kw_only=True)
class Primitive(Method):
    """An ensemble of primitives; a subclass trains them in `fit` and writes `_corner_sums`.

    Parameters
    ----------
    n_replicas : int
        Primitives in the ensemble. With one replica the error is nan.
    seed : int
        Of all random numbers.
    uncertainty : str
        "spread": the error is the replicas' standard deviation; "mean": that of their mean, √n_replicas smaller. An
        error that all replicas have in common, as that of `neural_primitive`'s tables, is added in quadrature.
    precision : str
        "float32" or "float64".
    device : str
        Where to train and evaluate, as torch names it.
    """

    n_replicas: int = 2
    seed: int = 0
    uncertainty: str = "spread"
    precision: str = "float32"
    device: str = "cpu"

    @property
    def n_centre(self) -> int:
        """Integrand evaluations per phase-space point that `_normalisation` takes."""
        return 1

    @in_batches
    def integrate(self, s: np.ndarray) -> Estimate:
        """Return mean and error of the replicas; `n_eval` is that at the centre, `n_centre` per row.

        The error is that by their spread, with the one that they have in common in quadrature.
        """
        s = self.integral_.check(s)
        if few_points.serve(self._few, s):
            return Estimate(*self._few(s), self.n_centre * len(s))
        values = self._replica_values(s)
        factor = UNCERTAINTIES[self.uncertainty](len(values))
        spread = factor * values.std(axis=0, ddof=1) if len(values) > 1 else np.full(values.shape[1], np.nan)
        value = values.mean(axis=0)
        return Estimate(value, np.hypot(spread, self._common_error(value)), self.n_centre * len(value))

    def replica_values(self, s: np.ndarray) -> np.ndarray:
        """Return I(s) as each replica has it, s (n, m) -> (n_replicas, n). Raises InputError for s outside the box."""
        return self._replica_values(self.integral_.check(s))

    def _replica_values(self, s: np.ndarray) -> np.ndarray:
        points = torch.as_tensor(s, device=self.device)
        with torch.no_grad():
            chunks = [self._corner_sums(chunk) * self._normalisation(chunk) for chunk in points.split(CHUNK)]
        return (chunks[0] if len(chunks) == 1 else torch.cat(chunks, dim=1)).cpu().numpy()

    @abstractmethod
    def _corner_sums(self, s: torch.Tensor) -> torch.Tensor:
        """Return each replica's corner sum, I(s)/f(s, ½), for s (n, m) in float64: (n_replicas, n)."""

    def _normalisation(self, s: torch.Tensor) -> torch.Tensor:
        """Return f(s, ½) for s (n, m): (n,)."""
        return self.integral_.integrand(s, s.new_full((1, self.integral_.k), 0.5))

    def _common_error(self, value: np.ndarray) -> np.ndarray | float:
        """Estimate the error (n,) that all replicas have in common at I (n,), which their spread does not show."""
        return 0.0

    def _prepare(self, integral: ParametricIntegral) -> None:
        """Check the fields, and keep what training and evaluation share: integral_, _dtype, _low, _high."""
        self._require("precision", PRECISIONS)
        self._require("uncertainty", UNCERTAINTIES)
        self._require_positive("n_replicas")
        devices.check(self.name, self.device)
        self.integral_ = integral
        self._dtype = PRECISIONS[self.precision]
        self._low, self._high = torch.tensor([integral.low, integral.high], dtype=torch.float64, device=self.device)

    def _require(self, field: str, allowed: Collection[str]) -> None:
        """Raise InputError unless the field is one of the names allowed."""
        if getattr(self, field) not in allowed:
            raise unknown(f"{field} of {self.name}", getattr(self, field), allowed)

    def _require_positive(self, *fields: str) -> None:
        """Raise InputError unless each field is above zero, or None where that is its default."""
        for field in fields:
            value = getattr(self, field)
            if value is not None and not value > 0:
                raise InputError(f"{self.name}.{field} is {value}; give a number above 0.")
