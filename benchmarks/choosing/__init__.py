"""The choice of a method for one integral, by pilot fits: which has the digits wanted, for the least time in all.

Read `search.py` first, which says what is measured in which order. `candidates.py` lists methods and their knobs,
`pilots.py` makes and measures a fit, `extrapolation.py` says what another setting of the knob would give,
`direct_values.py` computes the values that judge them, and `ranking.py` prints all of it. Records of earlier runs have
no part in a choice; `agreement.py` compares choices with them afterwards.
"""
