"""Regression of I(s) from labels: where labels come from, what is learnt from them, networks and how they are trained.

Read `labels.py` first, then `targets.py`, which says what a network learns in place of I(s), and `regressor.py`, which
all networks share. `adam.py` and `lbfgs.py` train them; `uncertain_regressor.py` and what it imports know their error.
"""
