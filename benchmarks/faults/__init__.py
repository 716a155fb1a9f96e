"""Faults and strange input: what each public function must do with them.

Read `entries.py` first, which says it of values and files; `command_lines.py` says it of command lines.
`random_inputs.py` makes inputs for them by a random number generator, which `python -m benchmarks.survive` counts; the
tests give them those of hypothesis, which makes what fails as small as it can.
"""
