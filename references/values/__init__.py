"""True values of integrals: how they are computed, checked by independent values, and stored.

Read `quadrature.py` first, the rule that no scored method shares, then `second_opinions.py`, which checks its values.
Above threshold there are contours: `arcs.py` at one loop, `map_rules.py` in more dimensions. `truth_files.py` reads and
writes tables; `table_plans.py` says what each table holds, and `table_work.py` computes it.
"""
