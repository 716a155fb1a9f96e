"""The two parts of a `ContourMap`, learned alone: what is gained by the contour, and what by the importance map.

    log c_i = log |c_i| + i arg c_i,    |c_i| crowds the nodes,    arg c_i moves the contour off the real axis

The coefficients of log c_i multiply real polynomials: their real parts make |c_i|, their imaginary parts arg c_i. A fit
starts from |c_i| = 1 and, above a threshold, from phases that follow from the sign of ∂F/∂x_i
(`contour_fit.off_the_axis`). Where one part is learned the other one stays as it is at the start. For a real integral
all phases are zero: a contour alone leaves x = t there, and the rule is the plain one.

On box2l_physical rules of 8e4 to 9e4 nodes have 5.7 digits on average, 3.2 by the contour alone, and none by the
importance map alone (worst of 104 points 4.7 and 2.9); on box1l_physical 8³ nodes have 6.8, 3.5 and 0.1.

A step of Levenberg's method solves H z = g. With z = B y for real y, y minimises the same quadratic form where

    Re(B† H B) y = Re(B† g).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import torch

Learned = Literal["both", "contour", "importance"]

LEARNED: tuple[Learned, ...] = get_args(Learned)

Solver = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""H (n, n), g (n,) -> z (n,)."""


def solver(learned: Learned, n_a: int) -> Solver:
    """Return what solves for steps whose first `n_a` components change the coefficients of that part alone."""
    if learned == "both":
        return torch.linalg.solve

    def solve(hessian: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
        b = _directions(learned, n_a, gradient)
        y = torch.linalg.solve((b.mH @ hessian @ b).real, (b.mH @ gradient).real)
        return b @ y.to(b)

    return solve


def _directions(learned: Learned, n_a: int, like: torch.Tensor) -> torch.Tensor:
    """Return B (n, n_y): a real or an imaginary direction for each coefficient, and all for the components after."""
    every = torch.eye(len(like), dtype=like.dtype, device=like.device)
    of_map, others = every[:, :n_a], every[:, n_a:]
    if not like.is_complex():
        return others if learned == "contour" else every
    return torch.cat([(1j if learned == "contour" else 1) * of_map, others, 1j * others], dim=1)
