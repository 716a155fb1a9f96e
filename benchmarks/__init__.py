"""How methods are compared: running, measuring, tables. Start with `python -m benchmarks.accuracy --help`."""
