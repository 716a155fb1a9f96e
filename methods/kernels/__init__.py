"""Integrands compiled to C++: their sums over nodes that a change of variables moves with s.

Read `statements.py` first: a formula becomes statements, each in the innermost loop that it needs. `moving_source.py`
writes those of a change of variables, an integrand and a rule's loops; `moving_kernel.cpp` is what all of them share,
and `moving_sum.py` what methods call.
"""
