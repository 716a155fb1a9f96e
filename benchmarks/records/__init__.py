"""Records: a run leaves a JSON file with an identity, from which every table is made.

Read `run_records.py` first, then `configurations.py`, which puts the repeats of one configuration together.
"""
