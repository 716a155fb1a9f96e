"""Hashes that code is recognised by: one that misses no change, for reuse of runs, and one that is blind to moves.

`python -m benchmarks.versions` guards the versions of methods by the second, writes them to `lock_file.py`'s file, and
checks results by `small_fits.py`, which alone needs processes of `benchmarks.running`. Read `code_hash.py` first.
"""
