"""The comparison of methods: running, measuring, tables. Start with `python -m benchmarks.accuracy --help`."""

import sys

from benchmarks import interrupts

if sys.argv[:1] == ["-m"]:  # Python is about to import one of the commands as the main module
    interrupts.end_in_a_sentence()
