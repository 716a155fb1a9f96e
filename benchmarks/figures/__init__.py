"""Charts of configurations of records; matplotlib draws them, and is imported only then.

Read `drawing.py` first; `accuracy.py` and `cost.py` have the charts that several experiments show.
"""
