"""Where direct methods take their nodes: lattices, tensor rules, changes of variables, and derivatives of a rule in s.

Read `transforms.py` first, whose maps flatten an integrand or make it periodic; then `lattices.py`, or, for tensor
rules, `axis_rules.py` and how they are chosen (`axis_errors.py`, `axis_choice.py`) and judged (`rule_error.py`).
"""
