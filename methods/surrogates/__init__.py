"""Regression of I(s) from labels: where labels come from, what is learnt from them, networks and how they are trained.

Read `labels.py` first, then `targets.py`, which says what a network learns in place of I(s), and `regressor.py`, which
networks trained by `adam.py` share; `uncertain_regressor.py` and what it imports know their error. A network that
learns derivatives, too, is in `tanh_network.py`; `quasi_newton.py` trains it, and `local_error.py` gives its error.
Complex integrals: `complex_parts.py` makes outputs of real and imaginary part, `threshold_inputs.py` inputs of s.
"""
