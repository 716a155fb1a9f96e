"""Small integrals with closed forms, for tests of every method."""

from __future__ import annotations

import dataclasses
import math
import time

import numpy as np

from methods.base import ParametricIntegral


def product(k: int) -> ParametricIntegral:
    """∫ Π_i 1/(s1 + s2 x_i)² dx = (1/(s1 (s1 + s2)))^k, from text."""
    variables = tuple(f"x{i + 1}" for i in range(k))
    return ParametricIntegral.from_expression(
        name=f"product{k}",
        variables=variables,
        parameters=("s1", "s2"),
        expression="1/(" + "*".join(f"D{i + 1}" for i in range(k)) + ")**2",
        definitions={f"D{i + 1}": f"s1 + s2*x{i + 1}" for i in range(k)},
        low=(1.0, 1.0),
        high=(2.0, 2.0),
        exact=lambda s: (s[:, 0] * (s[:, 0] + s[:, 1])) ** float(-k),
        source="closed form",
    )


def of_invariants(m: int) -> ParametricIntegral:
    """∫ (s1 + … + sm) dx, of any number of kinematic invariants."""
    parameters = [f"s{i + 1}" for i in range(m)]
    return ParametricIntegral.from_expression(
        name=f"of_invariants{m}",
        variables=("x1",),
        parameters=parameters,
        expression=" + ".join(parameters),
        low=[1.0] * m,
        high=[2.0] * m,
        exact=lambda s: s.sum(axis=1),
        source="closed form",
    )


def plain(k: int) -> ParametricIntegral:
    """Return the same integral as `product`, from a Python function: no symbols."""

    def integrand(s, x):
        f = (s[..., 0] + s[..., 1] * x[..., 0]) ** -2.0
        for i in range(1, k):
            f = f * (s[..., 0] + s[..., 1] * x[..., i]) ** -2.0
        return f

    symbols = product(k)
    return ParametricIntegral(
        name=f"plain{k}", k=k, parameters=symbols.parameters, low=symbols.low, high=symbols.high,
        integrand=integrand, exact=symbols.exact, source="closed form",
    )  # fmt: skip


def changing_sign() -> ParametricIntegral:
    """∫ (s1 + s2 x) dx = s1 + s2/2 over a box in which it changes sign."""
    return ParametricIntegral.from_expression(
        name="changing_sign",
        variables=("x1",),
        parameters=("s1", "s2"),
        expression="s1 + s2*x1",
        low=(-1.0, -1.0),
        high=(1.0, 1.0),
        exact=lambda s: s[:, 0] + s[:, 1] / 2,
        source="closed form",
    )


def one_pole() -> ParametricIntegral:
    """∫ dx/(1 − s x − i0) = (iπ − log(s − 1))/s, times three factors of 3/2."""
    return ParametricIntegral.from_expression(
        name="one_pole", variables=("x", "a", "b", "c"), parameters=("s",), low=(2.5,), high=(6.0,),
        expression="(1 + a)*(1 + b)*(1 + c)/F", definitions={"F": "1 - s*x"}, prescription="F",
        exact=lambda s: 3.375 * (1j * np.pi - np.log(s[:, 0] - 1)) / s[:, 0],
    )  # fmt: skip


def negative_in_a_corner(share: float) -> ParametricIntegral:
    """∫ (r² − a²)(1 + s1 x) dx, r the distance of s from a corner of the cube: negative where r < a = share^½."""
    return ParametricIntegral.from_expression(
        name="negative_in_a_corner",
        variables=("x1",),
        parameters=("s1", "s2", "s3"),
        expression=f"((s1 - 1)**2 + (s2 - 1)**2 + (s3 - 1)**2 - {share})*(1 + s1*x1)",
        low=(1.0,) * 3,
        high=(2.0,) * 3,
        exact=lambda s: (((s - 1) ** 2).sum(axis=1) - share) * (1 + s[:, 0] / 2),
        source="closed form",
    )


def costly(integral: ParametricIntegral, seconds: float) -> ParametricIntegral:
    """Return the same integral where each evaluation of the integrand sleeps for so many seconds."""

    def integrand(s, x):
        time.sleep(seconds * math.prod(np.broadcast_shapes(s.shape[:-1], x.shape[:-1])))
        return integral.integrand(s, x)

    return dataclasses.replace(integral, integrand=integrand)


def relative_error(value: np.ndarray, exact: np.ndarray) -> float:
    """Return max |value/exact − 1|."""
    return float(np.max(np.abs(value / exact - 1)))


def callable_integral(f, k=1, **fields) -> ParametricIntegral:
    """Return an integral of one parameter in [1, 2], given as a Python function, with `fields` changed."""
    defaults = {"name": "mine", "k": k, "parameters": ("s1",), "low": (1.0,), "high": (2.0,), "integrand": f}
    return ParametricIntegral(**(defaults | fields))
