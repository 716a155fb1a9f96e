"""Tables of I(s): polynomials and kernels in coordinates of s, fitted to labels, and how they are evaluated.

Read `coordinates.py` first, in which I(s) is nearly a polynomial, and `polynomial_table.py`, what is kept of it. Labels
on a grid choose coordinates once more (`coordinate_refinement.py`); `total_degree.py` and `tensor_train.py` do without
a grid. `cpu_polynomial.py` evaluates all but trains. `label_interpolant.py` puts a kernel at each label.

Above a threshold I(s) is complex: `threshold_pieces.py` cuts the box there, `threshold_coordinates.py` has a coordinate
in which I(s) is analytic, and `piecewise_table.py` puts the pieces together.
"""
