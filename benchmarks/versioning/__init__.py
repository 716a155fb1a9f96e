"""Hashes that code is recognised by: one that misses no change, for reuse of runs, and one that is blind to moves.

`python -m benchmarks.versions` guards the versions of methods by the second. Read `code_hash.py` first.
"""
