"""Which integrals, methods and budgets an experiment has, and what table is made of its records.

Read `presets.py` first.
"""
