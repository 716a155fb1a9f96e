"""The chart that README.md shows. Read `digit_curves.py` first; matplotlib draws it, and is imported only then.

The page draws its own charts.
"""
