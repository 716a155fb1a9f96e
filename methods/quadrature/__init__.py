"""Nodes of direct methods: lattices, changes of variables, and derivatives of a rule in s.

Read `transforms.py` first, whose maps flatten an integrand or make it periodic; then `lattices.py`.
"""
