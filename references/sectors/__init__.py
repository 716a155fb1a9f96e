"""From a loop integral's propagators to integrals over the unit cube: sectors, or one integrand without faces.

Read `loop_input.py` first, which says how a user writes a loop integral. `symanzik.py` gets U and F of it by pySecDec;
`decompose.py` makes sectors of them, `face_free.py` one integrand of a one-loop integral, whose F is a
`quadratic_form.py`; `positivity.py` tells the sign of F, `sector_files.py` stores what is made, and `singularities.py`
says which thresholds and corner zeros it has.
"""
