"""Sums of f det ∂x/∂t over any nodes t on a contour, compiled where they can be (`methods/kernels`).

All points of u have the same nodes; what moves with u is the contour. On box2l_physical the kernel takes 60 ns per node
and point (a core of 41 GFLOP/s), torch 3 µs.
"""

from __future__ import annotations

import torch

from methods.kernels.moving_sum import CompiledSum, MovingSum, Nodes, library
from methods.primitives.compiled_rule import log_c_of
from methods.primitives.contour_target import ContourTarget

PAIRS = 2**14
"""Pairs of nodes and points evaluated at once where there is no kernel."""


class ContourSum:
    """Σ_n w_n f(s, x(s, t_n)) Π_i ∂x_i/∂t_i at points u.

    Parameters
    ----------
    target : ContourTarget
        Has the integral, its contour and the coordinates u.
    """

    def __init__(self, target: ContourTarget) -> None:
        self._target, integral = target, target.integral
        self._log_c = log_c_of(target.contour) if target.log_h.device.type == "cpu" else None
        self._compiled: CompiledSum | None = None
        if self._log_c is not None and integral.expression is not None:
            self._compiled = library([integral.expression], self._log_c, integral.k)

    def __call__(self, u: torch.Tensor, t: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return the sums (n_u,) at u (n_u, m), for nodes t (n_t, k) and weights (n_t,)."""
        if self._compiled is None or self._log_c is None:
            return self._by_torch(u, t, weights)
        total = MovingSum(self._compiled, self._log_c, Nodes(t.numpy(), weights.numpy(), []))
        return torch.from_numpy(total(self._target.coordinates.s(u).numpy(), u.numpy())[:, 0])

    def _by_torch(self, u: torch.Tensor, t: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        sums, rows = torch.zeros(len(u), dtype=torch.complex128, device=u.device), max(1, PAIRS // len(u))
        for some, some_weights in zip(t.split(rows), weights.split(rows), strict=True):
            every_u, every_t = u.repeat_interleave(len(some), dim=0), some.repeat(len(u), 1)
            values = torch.exp(self._target.log_f_det(every_u, every_t)).view(len(u), -1)
            sums += values @ some_weights.to(values)
        return sums
