"""Fitted methods for other programs: ``python -m methods.export``.

A method lists the steps of its value (`methods/core/arithmetic.py`), and each target has a writer that knows each kind
of step: `cpp_writer.py`, `python_writer.py`, `onnx_writer.py`. Begin at `targets.py`, which has them by their names.
"""
