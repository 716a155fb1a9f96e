"""The comparison of methods: running, measuring, tables. Start with `python -m benchmarks.accuracy --help`."""
