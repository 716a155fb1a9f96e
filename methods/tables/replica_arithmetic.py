"""The mean of the tables of replicas, and its error, as steps that other programs can take."""

from __future__ import annotations

import numpy as np

from methods.core.arithmetic import Arithmetic
from methods.tables import table_arithmetic
from methods.tables.replica_tables import ReplicaTables


def steps(tables: ReplicaTables, error_factor: float) -> Arithmetic:
    """List the steps of the mean of tables and of its error.

    The error is their standard deviation times a factor, and that of their misfit in quadrature; a single one has none.
    """
    arithmetic = Arithmetic(len(tables.coordinates.low))
    of_s = table_arithmetic.u(arithmetic, arithmetic.s, tables.coordinates)
    y, n = arithmetic.polynomial(of_s, tables.alpha, tables.coefficients.T), len(tables.coefficients)
    values = arithmetic.join(
        *(table_arithmetic.value(arithmetic, arithmetic.take(y, [i]), tables.target) for i in range(n))
    )
    mean = arithmetic.affine(values, np.full((1, n), 1 / n))
    if n == 1:
        arithmetic.outputs["value"] = mean
        return arithmetic
    squares = arithmetic.apply("square", arithmetic.affine(values, np.eye(n) - 1 / n))
    variance = arithmetic.affine(squares, np.full((1, n), error_factor**2 / (n - 1)))
    misfit = table_arithmetic.error_of_y(arithmetic, mean, tables.target, tables.misfit)
    total = arithmetic.add(variance, arithmetic.apply("square", misfit))
    arithmetic.outputs |= {"value": mean, "error": arithmetic.apply("sqrt", total)}
    return arithmetic
