"""Integrands compiled to C++: their sums over nodes that a change of variables moves with s.

Read `statements.py` first: a formula becomes statements, each in the innermost loop that it needs. `moving_source.py`
writes those of a change of variables, of one or more integrands and of a rule's loops; `derivatives.py` gives ∂f/∂s as
such integrands; `moving_kernel.cpp` is what all of them share, and `moving_sum.py` what methods call.
"""
