"""Timing regressions, found by asv, which imports every module below `benchmarks`.

Read `integrate.py` first: what each method costs on box1l.
"""
