"""An integrand at nodes that move with s, as those of a change of variables that depends on s do.

`ParametricIntegral.at_nodes` evaluates once for all s what depends on x alone. Where each s has nodes of its own there
is no such part. What helps instead is that a map x_1(s, t_1), x_2(s, t_1, t_2), … has few values of its first
variables: given each x_i as a tensor with as many axes as it depends on, and polynomials in Horner form with the last
variable outermost,

    P = ((… p_2(s, x_1, …) x_k + p_1(s, x_1, …)) x_k + p_0(s, x_1, …)),

all but a few operations are made on the small tensors of the first variables.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, cast

import sympy
import torch

from methods.core import direct_evaluations
from methods.core.expression import Expression, compile_for_arrays
from methods.core.integral import ParametricIntegral
from methods.core.integrand import horner


class MovingIntegrand:
    """f of one term, and its logarithm, for columns of s and x that broadcast against each other.

    Parameters
    ----------
    term : ParametricIntegral
        An integral that is no sum: one of `ParametricIntegral.terms`.
    order : sequence of int
        Columns of x, the one on which the others' nodes depend first.
    """

    def __init__(self, term: ParametricIntegral, order: Sequence[int]) -> None:
        self._term, self._order = term, tuple(order)

    def __call__(self, s: Sequence[torch.Tensor], x: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return f for columns s_1, …, s_m and x_1, …, x_k, in the order of the formula."""
        if self._term.expression is None:
            return self._term.integrand(*(torch.stack(torch.broadcast_tensors(*columns), dim=-1) for columns in (s, x)))
        direct_evaluations.note(_n_points(s, x))
        return self._outer(torch, *x, *s, *self._polynomials_at(s, x))[0]

    def log(self, s: Sequence[torch.Tensor], x: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return Σ_i n_i log P_i for f = Π_i P_i^{n_i}, by principal branches.

        The sum is a logarithm of f that is continuous as long as no factor crosses the negative real axis, while that
        of f itself would jump where P^−2 does.
        """
        if self._term.expression is None:
            return torch.log(self(s, x))
        direct_evaluations.note(_n_points(s, x))
        bases = self._bases(torch, *x, *s, *self._polynomials_at(s, x))
        powers = [float(power) for _, power in self._factors]
        logs = [torch.log(torch.as_tensor(base, dtype=x[0].dtype, device=x[0].device)) for base in bases]
        return functools.reduce(operator.add, map(operator.mul, powers, logs))

    def _polynomials_at(self, s: Sequence[torch.Tensor], x: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        found = self._polynomials(torch, *x, *s)
        return [torch.as_tensor(value, dtype=x[0].dtype, device=x[0].device) for value in found]  # some are constants

    @functools.cached_property
    def _polynomials(self) -> Callable[..., list[Any]]:
        e = self._expression
        nested = [e.variables[i] for i in reversed(self._order)] + list(e.parameters)
        return compile_for_arrays([*e.variables, *e.parameters], [horner(p, nested) for p in e.polynomials.values()])

    @functools.cached_property
    def _outer(self) -> Callable[..., list[Any]]:
        return compile_for_arrays(self._names, [self._expression.outer])

    @functools.cached_property
    def _bases(self) -> Callable[..., list[Any]]:
        return compile_for_arrays(self._names, [base for base, _ in self._factors])

    @functools.cached_property
    def _factors(self) -> list[tuple[sympy.Expr, sympy.Expr]]:
        """Base and exponent of each factor; one whose exponent is no number is its own base."""
        split = [factor.as_base_exp() for factor in sympy.Mul.make_args(self._expression.outer)]
        return [pair if pair[1].is_number else (sympy.Pow(*pair), sympy.Integer(1)) for pair in split]

    @property
    def _names(self) -> list[sympy.Symbol]:
        e = self._expression
        return [*e.variables, *e.parameters, *e.polynomials]

    @property
    def _expression(self) -> Expression:
        return cast(Expression, self._term.expression)  # asked for only where there is one


def _n_points(*columns: Sequence[torch.Tensor]) -> int:
    """Return how many points columns make that broadcast against each other."""
    return math.prod(torch.broadcast_shapes(*(column.shape for group in columns for column in group)))
