"""A parametric integral: the integrand, the box of its kinematic invariants, and ways to evaluate it fast.

    I(s) = ∫_[0,1]^k f(s, x) dx,    s in a box

A quadrature asks for f at the same nodes x_n for very many s. `at_nodes` and `weighted_sum` are the fast path for that:
what depends on x alone is computed once, and a polynomial affine in s is one matrix product for all s and nodes.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np

from methods.core import domain, given_values, points
from methods.core.errors import InputError
from methods.core.integral_hash import fixed_points, integral_hash

if TYPE_CHECKING:
    from methods.core.expression import Expression


FORMS: dict[str, Callable[[str, Any], Any]] = {
    "name": given_values.text, "k": given_values.whole_number, "parameters": given_values.texts,
    "low": given_values.numbers, "high": given_values.numbers, "draw": given_values.text,
}  # fmt: skip
"""Fields of an integral -> the function that returns them in the form that they are kept in."""


@runtime_checkable
class FixesNodes(Protocol):
    """An integrand with a fast path of its own, as those from text have: members as of `ParametricIntegral`."""

    def at_nodes(self, x: Any) -> Callable[[Any], Any]: ...  # noqa: D102
    def weighted_sum(self, x: Any, weights: Any) -> Callable[[Any], Any]: ...  # noqa: D102


@runtime_checkable
class FixesNodesWithGradient(Protocol):
    """An integrand whose sums over nodes may have a fast path for their derivatives in s as well."""

    def weighted_sum_with_gradient(self, x: Any, weights: Any) -> Callable[[Any], tuple[Any, Any]] | None: ...  # noqa: D102


@runtime_checkable
class HasTerms(Protocol):
    """An integrand that is a sum of others, as those from text may be."""

    terms: list[Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ParametricIntegral:
    """I(s) = ∫_[0,1]^k f(s, x) dx over a box of kinematic invariants s; InputError where the pieces do not fit."""

    name: str
    """Slug (letters, digits, underscores): record key, pytest id, asv parameter."""
    k: int
    """Number of Feynman parameters x."""
    parameters: tuple[str, ...]
    """Names of the columns of s, m of them."""
    low: tuple[float, ...]
    high: tuple[float, ...]
    """The box of s."""
    integrand: Callable[[Any, Any], Any]
    """f(s, x) with s (..., m) and x (..., k), broadcasting to (...); NumPy or torch, dtype and device kept."""
    exact: Callable[[np.ndarray], np.ndarray] | None = None
    """Closed form, s (n, m) -> (n,)."""
    source: str = ""
    """Paper and equation."""
    expression: Expression | None = dataclasses.field(default=None, repr=False)
    """The symbols behind `integrand`; set by `from_expression`."""
    draw: str = "uniform"
    """Distribution of points drawn from the box: "uniform", or "log-uniform" for invariants over many decades."""
    prescription: str | None = None
    """Name of the polynomial P, such as "F", that changes sign in the cube and stands for P − i0: I(s) is complex then.
    In a sum of sectors, F1, F2, … are the polynomials "F" of its terms. None for a real integral."""

    def __post_init__(self) -> None:
        for field, form in FORMS.items():
            object.__setattr__(self, field, form(field, getattr(self, field)))
        if not re.fullmatch(r"\w+", self.name):
            raise InputError(f"The integral's name {self.name!r} may hold letters, digits and underscores only.")
        if self.k < 1:
            raise InputError(f"Integral {self.name} has k = {self.k}; at least one Feynman parameter is needed.")
        if problem := domain.problem(self.parameters, self.low, self.high, self.draw):
            raise InputError(f"Integral {self.name}: {problem}")
        if not callable(self.integrand):
            raise InputError(f"Integral {self.name}: its integrand is no function; give f(s, x).")
        if self.prescription is not None:
            given_values.text("prescription", self.prescription)
        if self.prescription is not None and self.expression is not None:
            from methods.core import denominators

            denominators.prescribed(self.expression, self.prescription)
            if (modulus := self.expression.modulus) is not None:
                base = modulus.args[0]
                raise InputError(
                    f"Integral {self.name} has a root of {base}**2, which is its modulus, and that is not analytic as "
                    f"{self.prescription} - i0 asks for; write {base} where it is positive in the cube."
                )

    @classmethod
    def from_expression(
        cls, *, name: str, expression: str, definitions: Mapping[str, str] | None = None, variables: Sequence[str],
        parameters: Sequence[str], low: Sequence[float], high: Sequence[float],
        exact: Callable[[np.ndarray], np.ndarray] | None = None, source: str = "", draw: str = "uniform",
        prescription: str | None = None,
    ) -> Self:  # fmt: skip
        """Make an integral from text such as ``"2*U*x4/F**3"`` with ``definitions={"U": "...", "F": "..."}``.

        The text is parsed, never executed; InputError for what is not a formula. From this one definition come the
        NumPy and torch integrand, differentiable in s and x under torch, and the input of pySecDec. With
        ``prescription="F"`` the integral is that of F − i0.
        """
        from methods.core.expression import Expression
        from methods.core.integrand import integrand_of

        formula = given_values.text("expression", expression)
        formulas = given_values.named_texts("definitions", definitions)
        x, s = given_values.texts("variables", variables), given_values.texts("parameters", parameters)
        symbols = Expression.parse(formula, formulas, x, s)
        return cls(
            name=name, k=len(x), parameters=s, low=low, high=high,  # type: ignore[arg-type]
            integrand=integrand_of(symbols), exact=exact, source=source, expression=symbols, draw=draw,
            prescription=prescription,
        )  # fmt: skip

    @property
    def m(self) -> int:
        """Number of kinematic invariants: the width of s."""
        return len(self.parameters)

    @property
    def is_complex(self) -> bool:
        """Whether I(s) is complex: the formula is real, and the prescription says on which side its poles lie."""
        return self.prescription is not None

    def at_nodes(self, x: Any) -> Callable[[Any], Any]:
        """Fix the nodes x, and get a function s -> f(s, x_n) for many s at once.

        Parameters
        ----------
        x : array or tensor (n_x, k)
            The nodes; what depends on them alone is computed now.

        Returns
        -------
        callable
            Takes s (n_s, m) of the same kind, dtype and device as x, and returns f (n_s, n_x). All of it is in memory
            at once: give s in chunks where n_s · n_x numbers are too many.
        """
        if isinstance(self.integrand, FixesNodes):
            return self.integrand.at_nodes(x)
        return lambda s: self.integrand(s[:, None, :], x)

    def weighted_sum(self, x: Any, weights: Any) -> Callable[[Any], Any]:
        """Fix the nodes and weights of a rule, and get a function s -> Σ_n w_n f(s, x_n): the fastest way there is.

        Parameters
        ----------
        x : tensor (n_x, k)
            The nodes: torch only.
        weights : tensor (n_x,)
            Their weights, of the same dtype and device.

        Returns
        -------
        callable
            Takes s (n_s, m), a real tensor on the same device, and returns the sums (n_s,). It works through s in
            chunks that stay in cache, so that any n_s is fine.
        """
        from methods.core import node_sums

        if isinstance(self.integrand, FixesNodes):
            return self.integrand.weighted_sum(x, weights)
        return node_sums.weighted_sum(self.at_nodes(x), len(x), weights)

    @property
    def terms(self) -> list[ParametricIntegral]:
        """The terms of a sum, such as the sectors of a loop integral, as integrals that add up to this one.

        Terms peak differently, so that a rule for each may need fewer nodes than one for all. Where the integrand is no
        sum, or a Python function, it is the only term.
        """
        if self.expression is None or not isinstance(self.integrand, HasTerms):
            return [self]
        pairs = zip(self.integrand.terms, self.expression.terms, strict=True)
        return [
            dataclasses.replace(self, name=f"{self.name}_term{i}", integrand=f, expression=symbols, exact=None)
            for i, (f, symbols) in enumerate(pairs, 1)
        ]

    def polynomial(self, s: Any, x: Any) -> list[Any]:
        """Evaluate the polynomial in the denominator of each term of the integrand, such as F of 2*U*x4/F**3.

        Where there is a prescription, it is the one that this names.

        Parameters
        ----------
        s : array or tensor (..., m)
            Kinematic invariants.
        x : array or tensor (..., k)
            Feynman parameters, real or complex.

        Returns
        -------
        list of arrays or tensors (...)
            One for each of `terms`: the prescribed polynomial, or else the one with the most negative power, and 1
            where a term has no denominator. Shapes broadcast as those of `integrand`.

        Raises
        ------
        InputError
            For an integral in plain Python, whose denominators are not known, or a denominator that is no polynomial.
        """
        return [value(s, x) for value in self._denominators]

    @functools.cached_property
    def _denominators(self) -> list[Callable[[Any, Any], Any]]:
        from methods.core import denominators

        if self.expression is None:
            raise InputError(
                f"{self.name} is a Python function, whose denominators are not known; define it by "
                "ParametricIntegral.from_expression."
            )
        if self.prescription is not None:
            return denominators.prescribed(self.expression, self.prescription)
        return denominators.functions(self.expression)

    @functools.cached_property
    def other_denominators(self) -> list[Callable[[Any, Any], Any]]:
        """Functions (s, x) -> G(s, x), as of `polynomial`, for the others in x at whose zeros f is singular.

        In x1/(F*sqrt(G)), F being prescribed, it is G; where no polynomial is prescribed there are none.
        """
        from methods.core import denominators

        if self.expression is None or self.prescription is None:
            return []
        return denominators.others(self.expression, self.prescription)

    def check(self, s: Any) -> np.ndarray:
        """Copy s into a new float64 array (n, m) in C order.

        Raises InputError for another shape, what are not real numbers, NaN, or points outside the box.
        """
        s = points.real_points(s, self.name, self.parameters)
        if found := domain.outside(s, self.low, self.high):
            row, column = found
            # All digits: rounding would put 30.0000001 inside [4.5, 30].
            given, low, high = map(float, (s[row, column], self.low[column], self.high[column]))
            raise InputError(
                f"{self.parameters[column]} = {given!r} in row {row} lies outside the box of {self.name}; "
                f"give points within [{low!r}, {high!r}]."
            )
        return s

    def sample(self, n: int, seed: int) -> np.ndarray:
        """Draw n phase-space points from the box: (n, m)."""
        return self.from_unit(np.random.default_rng(seed).random((n, self.m)))

    def from_unit(self, u: Any) -> Any:
        """Map u (n, m) in [0, 1]^m to the points s (n, m) of the box whose coordinates under `draw` they are."""
        s = domain.DRAWS[self.draw].from_unit(np.array(self.low), np.array(self.high), u)
        return np.clip(s, self.low, self.high)

    def to_unit(self, s: Any) -> Any:
        """Map points s (n, m) of the box to u (n, m) in [0, 1]^m: the inverse of `from_unit`."""
        return domain.DRAWS[self.draw].to_unit(np.array(self.low), np.array(self.high), s)

    def check_integrand(self) -> np.ndarray:
        """Return f at eight fixed points (8,); InputError where a real one is no number, as log(s1 - x1) may be."""
        u = fixed_points(self.k + self.m)
        x, s = u[:, : self.k], self.from_unit(u[:, self.k :])
        with np.errstate(all="ignore"):
            f = np.asarray(self._few_values(s, x))
        if f.shape != (len(u),) or f.dtype.kind not in "fiuc":
            raise InputError(
                f"The integrand of {self.name} gives {f.dtype} of shape {f.shape} for s {s.shape} and x {x.shape}; it "
                f"must give numbers ({len(u)},)."
            )
        is_nan = np.isnan(f)
        if is_nan.any() and not self.is_complex:
            row = int(np.argmax(is_nan))
            at = ", ".join(f"{name} = {value:.6g}" for name, value in zip(self.parameters, s[row], strict=True))
            raise InputError(
                f"The integrand of {self.name} is no number at {at}, x = {np.round(x[row], 6).tolist()}; give one that "
                "is real in the whole cube, for all s of the box."
            )
        return f

    def _few_values(self, s: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return f(s, x) (n,): of a formula from its symbols, since a few points are not worth compiling it."""
        if self.expression is None:
            return self.integrand(s, x)
        from methods.core import formula_values  # with sympy, which a Python function does not need

        return formula_values.integrand_values(self.expression, s, x)

    def fingerprint(self) -> str:
        """Hash the integral's definition: f at eight fixed points, the box and the parameters."""
        return self._fingerprint

    @functools.cached_property  # a run asks for it four times, and a formula takes a millisecond
    def _fingerprint(self) -> str:
        definition = [self.k, self.parameters, self.low, self.high, self.draw]
        if self.prescription is not None:  # the formula is that of a real integral, whose hash stays what it was
            definition.append(f"{self.prescription} - i0")
        return integral_hash(self.check_integrand(), definition)
