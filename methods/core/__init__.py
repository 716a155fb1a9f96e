"""Tools for every method: integrands, points and formulas, the clock of a budget, files, caches and names.

Nothing here knows a method. Read `expression.py` and `integrand.py` first: a formula is parsed into symbols once, and
evaluated by NumPy or torch. `compiled_sums.py` is the inner loop of every quadrature, `node_sums.py` the
same without a compiler, and `budget.py` the clock of a fit. `chebyshev_series.py` and `least_squares.py` are what
maps, series and tables are fitted with.
"""
