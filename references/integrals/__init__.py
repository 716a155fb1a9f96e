"""The equations of the registered integrals, each written once.

Read `catalogue.py` first: it lists them all, with what makes each hard.
"""
