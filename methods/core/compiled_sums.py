"""Sums over fixed nodes by a compiled kernel, `node_sum_kernel.cpp`: those of `node_sums.py`.

What is done with a few nodes and points stays in registers, where torch makes a pass over memory for each operation. On
512 to 200,000 nodes of box1l, box2l and hexagon1l the kernel is 3.5 to 5 times as fast for real integrands, and ten
times for complex ones. It depends on the number of kinematic invariants and the powers alone, and is compiled in half a
second, once per machine and such case.

With all derivatives in s,

    ∂f/∂s_j = Σ_i (n_i f/P_i) ∂P_i/∂s_j,    ∂P_i/∂s_j a coefficient that P_i needs already,

it takes 1.8 to 2.8 times as long as without (512 to 4,000 nodes of box1l, box2l, pentagon1l_8d and box1l_physical),
where automatic differentiation takes 24 to 65 times as long.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from methods.core import build_cache, kernel_library
from methods.core.errors import InputError

SOURCE = Path(__file__).with_name("node_sum_kernel.cpp")

MOST_INVARIANTS, HIGHEST_POWER = 12, 16
"""Beyond, loops that the compiler unrolls become long."""

Factors = list[tuple[torch.Tensor, int]]
"""For each polynomial the coefficients (m + 1, n_x) of s and, last, of 1, and its power n_i, not zero."""


def monomial_weighted_sum(matrices: Factors, weights: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """Return s (n_s, m) -> Σ_n w_n Π_i P_i(s, x_n)^{n_i} (n_s,); None where there is no kernel.

    Parameters
    ----------
    matrices : list of (tensor (m + 1, n_x), int)
        The polynomials with their powers.
    weights : tensor (n_x,)
        Includes whatever of the integrand does not depend on s; float64 or complex128, as the matrices.
    """
    sums = _sums(matrices, weights, with_gradient=False)
    return None if sums is None else lambda s: sums(s)[:, 0]


def monomial_weighted_sum_with_gradient(
    matrices: Factors, weights: torch.Tensor
) -> Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]] | None:
    """Return s (n_s, m) -> the sums (n_s,) and their derivatives in s (n_s, m); arguments as above."""
    sums = _sums(matrices, weights, with_gradient=True)
    if sums is None:
        return None

    def both(s: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        found = sums(s)
        return found[:, 0], found[:, 1:]

    return both


def _sums(
    matrices: Factors, weights: torch.Tensor, with_gradient: bool
) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """Return s (n_s, m) -> the sums (n_s, 1), or (n_s, 1 + m) with their derivatives; None where there is no kernel."""
    m, powers = len(matrices[0][0]) - 1, tuple(power for _, power in matrices)
    is_possible = weights.device.type == "cpu" and weights.dtype in (torch.float64, torch.complex128)
    is_possible = is_possible and all(matrix.dtype == weights.dtype for matrix, _ in matrices)
    if not is_possible or m > MOST_INVARIANTS or max(map(abs, powers)) > HIGHEST_POWER:
        return None
    n_sums = 1 + m if with_gradient else 1
    library = _library(m, powers, weights.is_complex(), n_sums)
    if library is None:
        return None
    function, lanes = library
    nodes = _vectors(torch.cat([*(matrix for matrix, _ in matrices), weights[None]]), lanes)

    def total(s: torch.Tensor) -> torch.Tensor:
        if s.ndim != 2 or s.shape[1] != m or s.device.type != "cpu" or s.requires_grad:
            raise InputError(
                f"A sum over nodes takes s of shape (n, {m}) on the CPU, and keeps no graph of derivatives; got a "
                f"tensor of shape {tuple(s.shape)} on {s.device}{', which requires them' if s.requires_grad else ''}."
            )
        s = s.to(torch.float64).contiguous()
        out = weights.new_empty(len(s), n_sums)
        function(s.data_ptr(), nodes.data_ptr(), len(nodes), out.data_ptr(), torch.get_num_threads(), len(s))
        return out

    return total


def _vectors(rows: torch.Tensor, lanes: int) -> torch.Tensor:
    """Lay out rows (n_rows, n_x) as (n_vectors, n_rows, 1 or 2, lanes): real and imaginary parts of a vector of nodes.

    The last node is repeated to fill the last vector, with weight zero in the last row.
    """
    n_rows, n_x = rows.shape
    padding = -n_x % lanes
    if padding:
        last = rows[:, -1:].expand(-1, padding).clone()
        last[-1] = 0
        rows = torch.cat([rows, last], dim=1)
    parts = torch.view_as_real(rows) if rows.is_complex() else rows[..., None]
    return parts.view(n_rows, -1, lanes, parts.shape[-1]).permute(1, 0, 3, 2).contiguous()


@build_cache.remembered
def _library(m: int, powers: tuple[int, ...], is_complex: bool, n_sums: int) -> Any:
    """Return the kernel, a function, and the numbers in its vectors; None where it cannot be compiled."""
    defines = [f"M={m}", f"FACTORS={len(powers)}", f"COMPLEX={int(is_complex)}", f"SUMS={n_sums}"]
    product = _product(powers) + ("" if n_sums == 1 else _slopes(powers))
    loaded = kernel_library.load(SOURCE, defines, {"product.inc": product}, kernel_library.vector_flags())
    if loaded is None:
        return None
    loaded.evaluate.argtypes = [
        *([ctypes.c_void_p] * 2), ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_ssize_t,
    ]  # fmt: skip
    loaded.evaluate.restype = None
    return loaded.evaluate, int(loaded.lanes())


def _product(powers: tuple[int, ...]) -> str:
    """Return C++ that sets the polynomials P0, P1, … and f."""
    code = [f"const T P{i} = affine(s_p, c + {i} * AFFINE);" for i in range(len(powers))]
    return "\n".join([*code, f"const T f = {' * '.join(_powers(powers))};"])


def _slopes(powers: tuple[int, ...]) -> str:
    """Return C++ that sets slopes[i] to n_i f/P_i, without dividing by a polynomial that may be zero."""
    code = ["", f"T slopes[{len(powers)}];"]
    for i, power in enumerate(powers):
        factors = _powers([n - (i == j) for j, n in enumerate(powers)])
        code.append(f"slopes[{i}] = {' * '.join([f'number({power})', *factors])};")
    return "\n".join(code)


def _powers(powers: Sequence[int]) -> list[str]:
    return [f"power<{n}>(P{i})" for i, n in enumerate(powers) if n]
