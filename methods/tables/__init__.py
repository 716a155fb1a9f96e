"""Tables of I(s): polynomials and kernels in coordinates of s, fitted to labels, and how they are evaluated.

Read `coordinates.py` first, in which I(s) is nearly a polynomial; then `tensor_table.py`, whose nodes form a grid, and
`total_degree.py` and `tensor_train.py`, which do without one. `label_interpolant.py` puts a kernel at each label.
"""
