"""Fitted methods for other programs.

Read `onnx_export.py` first, which says what the file takes and gives; `onnx_graph.py` records its calculations.
"""
