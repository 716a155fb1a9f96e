"""Record calculations as an ONNX graph, which programs in other languages run: what is done to a `Value` is noted.

    graph = Graph("float64")
    s = graph.input("s", 3)
    graph.output("value", graph.apply("Tanh", s @ np.ones(3)) - 0.5)
    graph.save("value.onnx", {"source": "an example"})

ONNX is an open format (https://onnx.ai); event generators in C++ read it with onnxruntime.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from methods.base import InputError
from methods.core import files

OPSET = 17
"""Version of ONNX's operators: of 2022, which runtimes still in use know."""

IR_VERSION = 8
"""Version of ONNX's file format that came with it."""

ONLY_FLOAT32 = ("Atan", "Cosh", "Erf", "Sinh", "Tan")
"""Operators for which onnxruntime 1.31 has no float64 kernel on a CPU, of all that graphs are made of here."""


class Graph:
    """An ONNX graph in the making, whose inputs, outputs and constants all have one dtype."""

    def __init__(self, dtype: Any) -> None:
        try:
            import onnx
        except ModuleNotFoundError as problem:
            raise InputError(
                "ONNX files need the package 'onnx', which is not installed; 'make .venv' or the extra 'export' has it."
            ) from problem
        self.dtype = np.dtype(dtype)
        self._onnx = onnx
        self._type = onnx.helper.np_dtype_to_tensor_dtype(self.dtype)
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def input(self, name: str, width: int) -> Value:
        """Declare an input (n, width)."""
        self._inputs.append(self._onnx.helper.make_tensor_value_info(name, self._type, ["n", width]))
        return Value(self, name)

    def output(self, name: str, value: Value, width: int = 0) -> None:
        """Declare an output (n,), or (n, width)."""
        self._nodes.append(self._onnx.helper.make_node("Identity", [value.name], [name]))
        shape: list[str | int | None] = ["n", width] if width else ["n"]
        self._outputs.append(self._onnx.helper.make_tensor_value_info(name, self._type, shape))

    def constant(self, array: Any) -> Value:
        """Enter a number, array or tensor; arrays of whole numbers stay so (axes), all others get the graph's dtype."""
        whole = isinstance(array, np.ndarray) and array.dtype == np.int64
        name = f"c{len(self._constants)}"
        array = np.asarray(_on_host(array), dtype=np.int64 if whole else self.dtype)
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return Value(self, name)

    def apply(self, operator: str, *operands: Any, **attributes: Any) -> Value:
        """Apply an operator of ONNX, as it names it, to values, arrays and numbers.

        Raises
        ------
        InputError
            For an operator that onnxruntime does not compute in the graph's dtype.
        """
        if self.dtype == np.float64 and operator in ONLY_FLOAT32:
            raise InputError(
                f"onnxruntime computes {operator} in float32 only; export it with --dtype float32, "
                'or methods.export.onnx_export.export(method, path, dtype="float32").'
            )
        names = [(x if isinstance(x, Value) else self.constant(x)).name for x in operands]
        name = f"v{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(operator, names, [name], **attributes))
        return Value(self, name)

    def save(self, path: Any, metadata: Mapping[str, str]) -> None:
        """Check the graph, and write what its outputs need to `path`, with texts about it."""
        needed, nodes = {output.name for output in self._outputs}, []
        for node in reversed(self._nodes):
            if needed.intersection(node.output):
                needed.update(node.input)
                nodes.append(node)
        constants = [constant for constant in self._constants if constant.name in needed]
        graph = self._onnx.helper.make_graph(nodes[::-1], "loopmark", self._inputs, self._outputs, constants)
        opset = self._onnx.helper.make_opsetid("", OPSET)
        model = self._onnx.helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
        self._onnx.helper.set_model_props(model, dict(metadata))
        self._onnx.checker.check_model(model, full_check=True)
        files.write_bytes(Path(path), model.SerializeToString())


def _on_host(array: Any) -> Any:
    return array.cpu() if hasattr(array, "cpu") else array


class Value:
    """A result within a graph: arithmetic with it adds to the graph.

    A number times a value times a matrix is recorded as the value times (number times matrix). onnxruntime (1.31, its
    MatMulScaleFusion) would do that otherwise, and round the number to float32 in float64 graphs too.
    """

    # NumPy leaves operations with such an operand to the operand.
    __array_ufunc__ = None

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph, self.name = graph, name
        self._scaled: tuple[Value, np.ndarray] | None = None

    def _then(self, operator: str, *others: Any) -> Value:
        return self.graph.apply(operator, self, *others)

    def __add__(self, other: Any) -> Value:
        return self._then("Add", other)

    def __sub__(self, other: Any) -> Value:
        return self._then("Sub", other)

    def __rsub__(self, other: Any) -> Value:
        return self.graph.apply("Sub", other, self)

    def __mul__(self, other: Any) -> Value:
        product = self._then("Mul", other)
        if not isinstance(other, Value) and (number := np.asarray(_on_host(other))).size == 1:
            product._scaled = self, number
        return product

    def __truediv__(self, other: Any) -> Value:
        return self._then("Div", other) if isinstance(other, Value) else self * (1 / other)

    def __rtruediv__(self, other: Any) -> Value:
        return self.graph.apply("Div", other, self)

    def __matmul__(self, other: Any) -> Value:
        if self._scaled is None or isinstance(other, Value):
            return self._then("MatMul", other)
        value, number = self._scaled
        return value @ (number * other)

    def __neg__(self) -> Value:
        return self._then("Neg")

    def __abs__(self) -> Value:
        return self._then("Abs")

    def __pow__(self, power: Any) -> Value:
        return self._then("Pow", power)

    def __rpow__(self, base: Any) -> Value:
        return self.graph.apply("Pow", base, self)

    __radd__, __rmul__ = __add__, __mul__

    def take(self, index: Any, axis: int) -> Value:
        """Take one index, which drops the axis, or a list of them, as `numpy.take` does."""
        return self.graph.apply("Gather", self, np.array(index, dtype=np.int64), axis=axis)
