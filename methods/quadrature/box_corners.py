"""Corners of the box of s, where integrands peak most, and whether maps that were chosen at some of them serve all.

A box of m invariants has 2^m corners, too many to search maps at. They are searched at a few corners first. Where a
rule with these maps errs much more at other corners, they are searched again, at the corners where it errs most.
"""

from __future__ import annotations

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.core.finite_values import finite
from methods.core.relative_error import relative_errors
from methods.quadrature.axis_choice import AxisErrors, choose_orders
from methods.quadrature.axis_rules import tensor_nodes

MOST_CORNERS = 512
"""Corners looked at: all of them up to m = 9, and drawn ones beyond."""

TRIAL_ERROR, TRIAL_NODES, HIGHER = 1e-5, 2000, 1
"""Error and nodes (of a term) that the rule is made for, and nodes per axis that a larger one, which tells its error,
has more. It is small, since maps that do not serve a corner leave large errors there."""

MUCH = 10.0
"""Factor by which the error at another corner exceeds the largest at those searched, for a second search. On
pentagon1l_8d, hexagon1l and pentabox_s01, where no corner needs one, it is 1 to 2."""


def corners(integral: ParametricIntegral) -> np.ndarray:
    """Give different corners of the box, in random order: (n, m), all of them where there are so few."""
    n = min(2**integral.m, MOST_CORNERS)
    which = np.random.default_rng(0).choice(2**integral.m, n, replace=False)
    return integral.from_unit((which[:, None] >> np.arange(integral.m) & 1).astype(float))


def worst_first(
    terms: list[ParametricIntegral], axes: list[list[AxisErrors]], corners: torch.Tensor, n_searched: int
) -> torch.Tensor | None:
    """Put those corners first that maps do not serve.

    Parameters
    ----------
    terms : list of ParametricIntegral
        They add up to the integral.
    axes : list of lists of AxisErrors
        The maps, by term and parameter.
    corners : tensor (n, m)
        The first `n_searched` of them are those at which the maps were found.

    Returns
    -------
    tensor (n, m) or None
        The corners, by how much a rule with these maps errs; None where it errs nowhere much more than at the first.

    Raises
    ------
    InputError
        Where a term is infinite or NaN at a corner.
    """
    if len(corners) <= n_searched:
        return None
    orders = choose_orders(axes, TRIAL_ERROR, TRIAL_NODES, TRIAL_NODES * 2 ** terms[0].k, HIGHER)
    value, higher = (_values(terms, axes, orders, more, corners) for more in (0, HIGHER))
    error = relative_errors(value - higher, higher)
    if error[n_searched:].max() <= MUCH * error[:n_searched].max():
        return None
    return corners[np.argsort(-error)]


def _values(
    terms: list[ParametricIntegral], axes: list[list[AxisErrors]], orders: list[list[int]], more: int, s: torch.Tensor
) -> np.ndarray:
    """Integrate at s (n, m), with the best maps of some orders and so many nodes more on each axis."""
    total = torch.zeros(len(s), dtype=s.dtype, device=s.device)
    for term, of_term, numbers in zip(terms, axes, orders, strict=True):
        rules = [axis.rule(n)._replace(order=n + more) for axis, n in zip(of_term, numbers, strict=True)]
        value = term.weighted_sum(*tensor_nodes(rules, s.device))(s)
        finite(value.cpu().numpy(), s.cpu().numpy(), term)
        total += value
    return total.cpu().numpy()
