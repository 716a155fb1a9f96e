"""From a loop integral's propagators to integrals over the unit cube, by pySecDec's sector decomposition.

Read `loop_input.py` first, which says how a user writes a loop integral; `decompose.py` decomposes it, `positivity.py`
tells why F is positive, and `sector_files.py` stores the sectors.
"""
