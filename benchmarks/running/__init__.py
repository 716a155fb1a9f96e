"""One run, made and measured: a process of its own, the fit, the comparison with the truth, the timing.

Read `run.py` first, which is what happens in a run's process, then `suite.py`, which makes many of them.
"""
