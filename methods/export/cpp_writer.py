"""Fitted methods as a header of C++17 without dependencies.

    #include "box1l_chebyshev.hpp"
    double I = box1l_chebyshev(s);                            // s[m]; std::complex<double> where I is complex
    box1l_chebyshev_batch(n, s, value);                       // s[n][m], value[n]

and, by the same pattern, NAME_error, NAME_gradient and their batched forms where the method gives them. NAME_checked
throws std::out_of_range for points outside the box, which NAME does not look at.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from methods.core import arithmetic as steps
from methods.core import bilinear_split
from methods.core.arithmetic import Arithmetic, Rows
from methods.core.needed_steps import places_needed
from methods.export.description import Description

FUNCTIONS = (
    Path(bilinear_split.__file__).with_name("elementary_functions.hpp"), Path(__file__).with_name("cpp_functions.hpp"),
)  # fmt: skip
"""Functions that every header begins with."""

LANES = 16
"""Points that a batch takes through all steps together."""

TYPES = {"float64": "double", "float32": "float"}


class Constants:
    """Arrays of the header, by the names that they get."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._names: dict[tuple[str, bytes], str] = {}

    def __call__(self, array: np.ndarray) -> str:
        """Enter an array unless it is there already, and give its name."""
        flat = np.ravel(array)
        key = str(flat.dtype), flat.tobytes()
        if key in self._names:
            return self._names[key]
        name = self._names[key] = f"c{len(self.lines)}"
        if flat.dtype.kind == "f":
            suffix = "f" if flat.dtype == np.float32 else ""
            kind, texts = TYPES[str(flat.dtype)], [f"{_literal(value)}{suffix}" for value in flat]
        else:
            kind, texts = "short" if flat.max(initial=0) < 2**15 else "int", [str(int(value)) for value in flat]
        rows = [", ".join(texts[i : i + 8]) for i in range(0, len(texts), 8)]
        self.lines.append(f"alignas(64) constexpr {kind} {name}[] = {{\n    " + ",\n    ".join(rows) + "};")
        return name


def _literal(value: Any) -> str:
    text = repr(value.item()) if value.dtype == np.float64 else str(value)
    return text if any(mark in text for mark in ".en") else f"{text}.0"


def write(name: str, arithmetic: Arithmetic, about: Description) -> str:
    """Write the text of the header."""
    constants = Constants()
    functions = {
        key: _function(key, arithmetic, rows, constants) for key, rows in arithmetic.outputs.items()
    }  # fmt: skip
    comment = "\n".join(f"// {line}" for line in about.lines())
    box = "\n".join(
        f"constexpr double {end}[] = {{{', '.join(map(repr, values))}}};"
        for end, values in (("LOW", about.low), ("HIGH", about.high))
    )
    functions_of_all = [path.read_text(encoding="utf-8") for path in FUNCTIONS]
    return "\n".join([
        comment, "#pragma once", "", "#include <cmath>", "#include <complex>", "#include <cstddef>",
        "#include <cstdint>", "#include <cstring>", "#include <stdexcept>", "", f"namespace loopmark_{name} {{", "",
        *functions_of_all, box, *constants.lines, "", *functions.values(), _batch(arithmetic.s.n),
        f"}}  // namespace loopmark_{name}", "", *_interface(name, arithmetic, about),
    ])  # fmt: skip


def _function(key: str, arithmetic: Arithmetic, wanted: Rows, constants: Constants) -> str:
    """Write the structure whose `of` takes rows of L points through the steps that an output needs."""
    needed = places_needed(arithmetic, [wanted])
    lines = []
    for rows, step in zip(arithmetic.rows, arithmetic.steps, strict=True):
        if rows.place in needed and rows.place:
            lines.append(f"    alignas(64) {TYPES[rows.dtype]} r{rows.place}[{rows.n} * L];")
            lines += [f"    {line}" for line in STATEMENTS[type(step)](step, rows, constants)]
    lines.append(f"    for (int i = 0; i < {wanted.n} * L; i++) out[i] = r{wanted.place}[i];")
    return "\n".join([
        f"struct {key.capitalize()} {{", f"  static constexpr int ROWS = {wanted.n};",
        "  template <int L> static void of(const double* __restrict r0, double* __restrict out) {", *lines, "  }", "};",
        "",
    ])  # fmt: skip


def _batch(m: int) -> str:
    return f"""constexpr int M = {m}, LANES = {LANES};

// out [n][F::ROWS] at s [n][M].
template <class F> inline void batch(std::size_t n, const double* s, double* out) {{
  alignas(64) double rows[M * LANES], found[F::ROWS * LANES];
  for (std::size_t first = 0; first < n; first += LANES) {{
    const int points = n - first < LANES ? static_cast<int>(n - first) : LANES;
    for (int p = 0; p < LANES; p++)
      for (int j = 0; j < M; j++) rows[j * LANES + p] = s[(first + (p < points ? p : 0)) * M + j];
    F::template of<LANES>(rows, found);
    for (int p = 0; p < points; p++)
      for (int r = 0; r < F::ROWS; r++) out[(first + p) * F::ROWS + r] = found[r * LANES + p];
  }}
}}

inline bool in_box(const double* s) {{
  for (int j = 0; j < M; j++)
    if (!(s[j] >= LOW[j] && s[j] <= HIGH[j])) return false;
  return true;
}}
"""


def _interface(name: str, arithmetic: Arithmetic, about: Description) -> list[str]:
    """Write the functions that a program calls."""
    m, space = arithmetic.s.n, f"loopmark_{name}"
    result = "std::complex<double>" if about.is_complex else "double"
    value = arithmetic.outputs["value"]
    of_value = "reinterpret_cast<double*>(value)" if about.is_complex else "value"
    lines = [
        f"inline {result} {name}(const double s[{m}]) {{",
        *(["  double found[2];"] if value.n == 2 else [f"  {result} found;"]),
        f"  {space}::Value::of<1>(s, {'found' if value.n == 2 else '&found'});",
        "  return {found[0], found[1]};" if value.n == 2 else "  return found;", "}", "",
        "// Throws std::out_of_range for a point outside the box.",
        f"inline {result} {name}_checked(const double s[{m}]) {{",
        f'  if (!{space}::in_box(s)) throw std::out_of_range("{name}: s lies outside the box");',
        f"  return {name}(s);", "}", "", "// s [n][" + str(m) + "], value [n].",
        f"inline void {name}_batch(std::size_t n, const double* s, {result}* value) {{",
        f"  {space}::batch<{space}::Value>(n, s, {of_value});", "}", "",
    ]  # fmt: skip
    if "error" in arithmetic.outputs:
        lines += [
            "// One standard deviation.", f"inline double {name}_error(const double s[{m}]) {{", "  double found;",
            f"  {space}::Error::of<1>(s, &found);", "  return found;", "}", "",
            f"inline void {name}_error_batch(std::size_t n, const double* s, double* error) {{",
            f"  {space}::batch<{space}::Error>(n, s, error);", "}", "",
        ]  # fmt: skip
    if "gradient" in arithmetic.outputs:
        lines += [
            "// dI/ds.", f"inline void {name}_gradient(const double s[{m}], double gradient[{m}]) {{",
            f"  {space}::Gradient::of<1>(s, gradient);", "}", "",
            f"inline void {name}_gradient_batch(std::size_t n, const double* s, double* gradient) {{",
            f"  {space}::batch<{space}::Gradient>(n, s, gradient);", "}", "",
        ]  # fmt: skip
    return lines


# ----- statements for each kind of step -------------------------------------------------------------------------------


def _r(rows: Rows) -> str:
    return f"r{rows.place}"


def _two(name: str) -> Callable[[Any, Rows, Constants], list[str]]:
    """Write a step of two operands, the second of which may be a single row."""
    return lambda step, rows, constants: [
        f"{name}<{rows.n}, {int(step.y.n > 1)}, L>({_r(step.x)}, {_r(step.y)}, {_r(rows)});"
    ]


def _sort(step: steps.Sort, rows: Rows, constants: Constants) -> list[str]:
    places = constants(np.array(step.rows))
    return [
        f"cast<{rows.n} * L>({_r(step.x)}, {_r(rows)});", f"sort<{len(step.rows)}, L>({_r(rows)}, {places});",
    ]  # fmt: skip


def _join(step: steps.Join, rows: Rows, constants: Constants) -> list[str]:
    lines, first = [], 0
    for part in step.parts:
        lines.append(f"cast<{part.n} * L>({_r(part)}, {_r(rows)} + {first} * L);")
        first += part.n
    return lines


def _polynomial(step: steps.Polynomial, rows: Rows, constants: Constants) -> list[str]:
    found, place = bilinear_split.split(step.alpha, step.c), rows.place
    n_left, n_right = len(found.left.of), len(found.right.of)
    padded = max(n_right, int(found.length.max()))
    lines = [f"alignas(64) double t{place}[{found.counts.sum()} * L], a{place}[{n_left} * L];"]
    lines += [f"alignas(64) double b{place}[{padded} * L];"]
    first = 0
    for j, count in enumerate(found.counts):
        lines.append(f"chebyshev<L>({_r(step.x)} + {j} * L, {count}, t{place} + {first} * L);")
        first += int(count)
    lines.append(f"products<{n_left}, L>(t{place}, {constants(found.left.of)}, a{place});")
    lines.append(f"products<{n_right}, L>(t{place}, {constants(found.right.of)}, b{place});")
    if padded > n_right:
        lines.append(f"for (int i = {n_right} * L; i < {padded} * L; i++) b{place}[i] = 0;")
    length = constants(found.length)
    for i, of_row in enumerate(found.coefficients):
        parts = f"a{place}, b{place}, {constants(of_row)}, {length}"
        lines.append(f"bilinear<{n_left}, L>({parts}, r{place} + {i} * L);")
    return lines


def _node_sum(step: steps.NodeSum, rows: Rows, constants: Constants) -> list[str]:
    """Write a loop over nodes, eight side by side for a single point."""
    side_by_side, n = 8, len(step.weights)
    missing = -n % side_by_side
    is_complex = np.iscomplexobj(step.weights)

    def parts(array: np.ndarray, mode: str) -> list[str]:
        width = [(0, 0)] * (array.ndim - 1) + [(0, missing)]
        padded = np.pad(array, width, mode="edge") if mode == "edge" else np.pad(array, width)
        return [constants(part) for part in ([padded.real, padded.imag] if is_complex else [padded])]

    weights = parts(step.weights, "zero")
    matrices = [parts(factor.matrix, "edge") for factor in step.factors]
    lines = [
        "{", "  constexpr int G = L == 1 ? 8 : 1;",
        *[f"  double sum{q}[G * L] = {{}};" for q in range(len(weights))],
        f"  for (int n = 0; n < {n + missing}; n += G)", "    for (int q = 0; q < G * L; q++) {",
        "      const int node = n + q / L, p = q % L;",
        *[f"      double w{q} = {name}[node];" for q, name in enumerate(weights)],
    ]  # fmt: skip
    m, size = step.s.n, n + missing
    for k, (names, factor) in enumerate(zip(matrices, step.factors, strict=True)):
        for q, name in enumerate(names):
            terms = [f"{name}[{j} * {size} + node] * {_r(step.s)}[{j} * L + p]" for j in range(m)]
            lines.append(f"      double f{k}{q} = {name}[{m} * {size} + node] + " + " + ".join(terms) + ";")
        lines += [f"      {line}" for line in _times_power(k, factor.power, is_complex)]
    lines += [f"      sum{q}[q] += w{q};" for q in range(len(weights))]
    lines += ["    }"]
    for q in range(len(weights)):
        lines += [
            f"  for (int p = 0; p < L; p++) r{rows.place}[{q} * L + p] = 0;",
            f"  for (int q = 0; q < G * L; q++) r{rows.place}[{q} * L + q % L] += sum{q}[q];",
        ]
    return [*lines, "}"]


def _times_power(k: int, power: int, is_complex: bool) -> list[str]:
    """Multiply the weight by a power of the polynomial f."""
    times = ["w0 *= g;"] if not is_complex else [
        "const double t = w0 * g - w1 * h;", "w1 = w0 * h + w1 * g, w0 = t;",
    ]  # fmt: skip
    if not is_complex:
        start = f"double g = f{k}0;" if power > 0 else f"double g = 1 / f{k}0;"
        return ["{", f"  {start}", *[f"  {line}" for line in _power_lines(abs(power), False)], f"  {times[0]}", "}"]
    inverse = f"const double d = 1 / (f{k}0 * f{k}0 + f{k}1 * f{k}1);"
    base = [f"double g = f{k}0, h = f{k}1;"] if power > 0 else [inverse, f"double g = f{k}0 * d, h = -f{k}1 * d;"]
    return ["{", *[f"  {line}" for line in [*base, *_power_lines(abs(power), True), *times]], "}"]


def _power_lines(power: int, is_complex: bool) -> list[str]:
    """Raise g, or g + i h, to a positive power."""
    if power == 1:
        return []
    if not is_complex:
        return ["const double base = g;", *["g *= base;"] * (power - 1)]
    step = "{ const double u = g * g0 - h * h0; h = g * h0 + h * g0, g = u; }"
    return ["const double g0 = g, h0 = h;", *[step] * (power - 1)]


STATEMENTS: dict[type, Callable[[Any, Rows, Constants], list[str]]] = {
    steps.Cast: lambda step, rows, constants: [f"cast<{rows.n} * L>({_r(step.x)}, {_r(rows)});"],
    steps.Take: lambda step, rows, constants: [
        f"take<{rows.n}, L>({_r(step.x)}, {constants(np.array(step.rows))}, {_r(rows)});"
    ],
    steps.Join: _join,
    steps.Sort: _sort,
    steps.Scale: lambda step, rows, constants: [
        f"scale<{rows.n}, L>({_r(step.x)}, {constants(step.factor)}, {constants(step.offset)}, {_r(rows)});"
    ],
    steps.Affine: lambda step, rows, constants: [
        f"affine<{step.x.n}, {rows.n}, L>({_r(step.x)}, {constants(step.weights.T)}, {constants(step.bias)}, "
        f"{_r(rows)});"
    ],
    steps.Apply: lambda step, rows, constants: [
        f"apply<{step.function.title().replace('_', '')}, {rows.n} * L>({_r(step.x)}, {_r(rows)});"
    ],
    steps.AtLeast: lambda step, rows, constants: [
        f"at_least<{rows.n} * L>({_r(step.x)}, {TYPES[rows.dtype]}({step.bound!r}), {_r(rows)});"
    ],
    steps.Add: _two("add"),
    steps.Multiply: _two("multiply"),
    steps.Outer: lambda step, rows, constants: [
        f"outer<{step.x.n}, {step.y.n}, L>({_r(step.x)}, {_r(step.y)}, {_r(rows)});"
    ],
    steps.Chebyshev: lambda step, rows, constants: [f"chebyshev<L>({_r(step.x)}, {step.n}, {_r(rows)});"],
    steps.Polynomial: _polynomial,
    steps.NodeSum: _node_sum,
    steps.Select: lambda step, rows, constants: [
        f"select<{rows.n}, L>({_r(step.row)}, {step.bound!r}, {_r(step.x)}, {_r(step.y)}, {_r(rows)});"
    ],
}
"""The statements for each kind of step."""
