"""Integrals over fixed nodes together with their derivatives in s: the same nodes, differentiated.

    I(s) = Σ_n w_n f(s, x_n),        ∂I/∂s_j = Σ_n w_n ∂f/∂s_j(s, x_n)

compiled where the value is (`methods/core/compiled_sums.py`), since ∂f/∂s_j needs coefficients and powers that f needs
anyway. Else it is reverse-mode automatic differentiation, all m derivatives in one pass back.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from methods.base import ParametricIntegral
from methods.core.integral import FixesNodesWithGradient
from methods.core.node_sums import chunk_rows

WithGradient = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
"""s (n_s, m) -> I (n_s,) and ∂I/∂s (n_s, m)."""


def weighted_sum_with_gradient(integral: ParametricIntegral, x: torch.Tensor, weights: torch.Tensor) -> WithGradient:
    """Fix nodes x (n_x, k) and weights (n_x,); return s (n_s, m) -> Σ_n w_n f(s, x_n) and its derivatives in s."""
    if isinstance(integral.integrand, FixesNodesWithGradient):
        compiled = integral.integrand.weighted_sum_with_gradient(x, weights)
        if compiled is not None:
            return compiled
    return automatic_gradient(integral, x, weights)


def automatic_gradient(integral: ParametricIntegral, x: torch.Tensor, weights: torch.Tensor) -> WithGradient:
    """Return the same by automatic differentiation, for integrands of any form; also where torch records nothing."""
    with torch.inference_mode(False):  # what is made in inference mode cannot be differentiated by, its copies can
        x, weights = x.clone(), weights.clone()
        at_nodes = integral.at_nodes(x)
    rows = chunk_rows(len(weights), weights.device)

    def both(s: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.inference_mode(False), torch.enable_grad():
            value, gradient = weights.new_empty(len(s)), weights.new_empty(s.shape)
            for start in range(0, len(s), rows):
                part = slice(start, start + rows)
                chunk = s[part].detach().clone().to(weights.dtype).requires_grad_()
                total = at_nodes(chunk) @ weights
                value[part] = total.detach()
                if not total.requires_grad:  # a term of a sum may be without s
                    gradient[part] = 0
                    continue
                # Of a complex leaf torch gives the conjugate of the derivative of the real part: all of it, as f has
                # no s̄.
                gradient[part] = torch.autograd.grad(total.real.sum(), chunk)[0].conj()
        return value, gradient

    return both
