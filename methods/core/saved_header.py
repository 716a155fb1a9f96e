"""The header of a saved method, which has the formula of its integral, so that loading it needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from methods.core import storage
from methods.core.errors import InputError
from methods.core.integral import ParametricIntegral
from methods.core.integral_hash import fixed_points
from methods.core.storage import StorageError

if TYPE_CHECKING:
    import sympy


def header_of(method: Any) -> dict[str, Any]:
    """Describe a fitted method, by JSON values."""
    integral = method.integral_
    return {
        "method": method.name, "version": method.version, "integral": integral.fingerprint(),
        "params": method.params(), "formula": formula_of(integral), "measured": method.measured_,
        "prescribed": prescribed_values(integral),
    }  # fmt: skip


def prescribed_values(integral: ParametricIntegral) -> list[list[float]] | None:
    """Evaluate the polynomial that has −i0, of each term, at fixed points (8,); None for a real integral.

    The fingerprint does not know it: U/F² and U/(−F)² are one function f, whose integrals are complex conjugates.
    """
    if integral.prescription is None or integral.expression is None:
        return None
    u = fixed_points(integral.k + integral.m)
    values = integral.polynomial(integral.from_unit(u[:, integral.k :]), u[:, : integral.k])
    return [np.broadcast_to(np.real(value), len(u)).tolist() for value in values]


def require_match(path: Any, header: Mapping[str, Any], method: Any, integral: ParametricIntegral) -> None:
    """Raise StorageError unless a file holds this method, in its version, for this integral and its side of F = 0."""
    storage.compare(path, header, method=method.name, version=method.version)
    if header.get("integral") != integral.fingerprint():
        raise _of_another_integral(path, header, integral)
    saved, here = header.get("prescribed"), prescribed_values(integral)
    # One integral may be written with several terms of the same denominator, or with one.
    if saved is not None and here is not None and not (_are_among(saved, here) and _are_among(here, saved)):
        raise StorageError(
            f"{path} holds an integral whose {header['formula']['prescription']} is another polynomial: with the "
            "other sign it is the complex conjugate of the one asked for."
        )


def _of_another_integral(path: Any, header: Mapping[str, Any], integral: ParametricIntegral) -> StorageError:
    """Name the integral of a file and the one asked for, by hashes, too, where names do not tell them apart."""
    formula = header.get("formula")
    saved = formula.get("name") if isinstance(formula, Mapping) else None
    asked = f"{integral.name} [{integral.fingerprint()}]"
    if saved is None:
        held = f"an integral in plain Python [{header.get('integral')}]"
    elif saved == integral.name:
        held, asked = f"the integral {saved} [{header.get('integral')}]", f"another {asked}"
    else:
        held, asked = f"the integral {saved}", integral.name
    return StorageError(f"{path} holds {held}, but {asked} was asked for.")


def _are_among(rows: Sequence[Sequence[float]], others: Sequence[Sequence[float]]) -> bool:
    """Tell whether each row of numbers is one of the others, up to rounding."""
    return all(any(np.allclose(row, other, rtol=1e-6, equal_nan=True) for other in others) for row in rows)


def formula_of(integral: ParametricIntegral) -> dict[str, Any] | None:
    """Give what `ParametricIntegral.from_expression` takes; None for an integral in plain Python."""
    symbols = integral.expression
    if symbols is None:
        return None
    return {
        "name": integral.name, "expression": _text(symbols.outer),
        "definitions": {str(name): _text(polynomial) for name, polynomial in symbols.polynomials.items()},
        "variables": [str(x) for x in symbols.variables], "parameters": list(integral.parameters),
        "low": list(integral.low), "high": list(integral.high), "source": integral.source, "draw": integral.draw,
        "prescription": integral.prescription,
    }  # fmt: skip


def _text(formula: sympy.Expr) -> str:
    """Write a formula as `Expression.parse` reads it, which knows e as exp(1), and |x| as sqrt(x**2)."""
    import sympy

    # Functions of these names that sympy does not know, since it would make e and |x| of its own again.
    exp, sqrt = sympy.Function("exp"), sympy.Function("sqrt")
    return str(formula.xreplace({sympy.E: exp(1)}).replace(sympy.Abs, lambda x: sqrt(x**2)))


def integral_of(path: Any, header: Mapping[str, Any]) -> ParametricIntegral:
    """Make the integral whose formula the header of a saved method has, without its closed form.

    Raises
    ------
    StorageError
        Where there is no formula, or none that can be read.
    """
    formula = header.get("formula")
    if not formula:
        raise StorageError(f"{path} carries no formula of its integral; give the integral, too.")
    try:
        return ParametricIntegral.from_expression(**formula)
    except (InputError, TypeError) as problem:
        raise StorageError(f"The formula in {path} cannot be read; give the integral, too: {problem}") from problem
