"""Fitted methods as a header of C++17 without dependencies.

    #include "box1l_chebyshev.hpp"
    double I = box1l_chebyshev(s);                            // s[m]; std::complex<double> where I is complex
    box1l_chebyshev_batch(n, s, value);                       // s[n][m], value[n]

and, by the same pattern, NAME_error, NAME_with_error, NAME_gradient and their batched forms where the method gives
them. NAME_checked and NAME_batch_checked throw std::out_of_range for points outside the box; the others extrapolate,
with an error of nan. A coordinate that is nan or infinite gives nan, with -ffast-math, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from methods.core import arithmetic as steps
from methods.core import bilinear_split
from methods.core.arithmetic import Arithmetic, Rows
from methods.core.needed_steps import places_needed, rows_read
from methods.export.description import Description

FUNCTIONS = (
    Path(bilinear_split.__file__).with_name("elementary_functions.hpp"), Path(__file__).with_name("cpp_functions.hpp"),
)  # fmt: skip
"""Functions that every header begins with."""

LIBRARIES = ("cmath", "complex", "cstddef", "cstdint", "cstring", "stdexcept", "string")

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
    constants, outputs = Constants(), arithmetic.outputs
    wanted = {key: [rows] for key, rows in outputs.items()}
    if "error" in outputs:
        wanted["with_error"] = [outputs["value"], outputs["error"]]
    functions = [_function(key, arithmetic, rows, constants) for key, rows in wanted.items()]
    facts = _facts(name, arithmetic, about)
    comment = "\n".join(f"// {line}" for line in [*about.lines(), *_of_outputs(USAGE, arithmetic, facts)])
    box = "\n".join(
        f"constexpr double {end}[] = {{{', '.join(map(repr, values))}}};"
        for end, values in (("LOW", about.low), ("HIGH", about.high))
    )
    functions_of_all = [path.read_text(encoding="utf-8") for path in FUNCTIONS]
    return "\n".join([
        comment, "#pragma once", "", *[f"#include <{library}>" for library in LIBRARIES], "",
        f"namespace loopmark_{name} {{", "", *functions_of_all, box, *constants.lines, "", *functions,
        EVALUATION.format(m=arithmetic.s.n, lanes=LANES), f"}}  // namespace loopmark_{name}", "",
        *_of_outputs({"value": VALUE, "error": ERROR, "gradient": GRADIENT}, arithmetic, facts),
    ])  # fmt: skip


def _function(key: str, arithmetic: Arithmetic, wanted: Sequence[Rows], constants: Constants) -> str:
    """Write the structure whose `of` takes rows of L points through the steps that outputs need.

    Steps share memory: a network's layers of all replicas, of which there may be a hundred, fit on the stack of a
    thread.
    """
    needed = places_needed(arithmetic, wanted)
    last_use = {rows.place: len(arithmetic.steps) for rows in wanted}
    for place in sorted(needed):
        for rows in rows_read(arithmetic.steps[place]):
            last_use[rows.place] = max(place, last_use.get(rows.place, 0))
    memory, lines = _Memory(), []
    for place in sorted(needed - {0}):
        rows, step = arithmetic.rows[place], arithmetic.steps[place]
        lines.append(f"    {TYPES[rows.dtype]}* const r{place} = {memory.taken(rows)};")
        lines += [f"    {line}" for line in STATEMENTS[type(step)](step, rows, constants)]
        for read in rows_read(step):
            if read.place and last_use[read.place] == place:
                memory.give_back(read)
    first = 0
    for rows in wanted:
        lines.append(f"    for (int i = 0; i < {rows.n} * L; i++) out[{first} * L + i] = r{rows.place}[i];")
        first += rows.n
    n_values = sum(rows.n for rows in wanted if rows is not arithmetic.outputs.get("error"))
    return "\n".join([
        f"struct {_structure(key)} {{", f"  static constexpr int ROWS = {first}, VALUES = {n_values};",
        "  template <int L> static void of(const double* __restrict r0, double* __restrict out) {",
        *[f"    {line}" for line in memory.lines], *lines, "  }", "};", "",
    ])  # fmt: skip


def _structure(key: str) -> str:
    return key.title().replace("_", "")


class _Memory:
    """Arrays for rows, each of which is used again once its rows have been read for the last time."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._free: dict[tuple[str, int], list[str]] = {}
        self._of: dict[Rows, str] = {}

    def taken(self, rows: Rows) -> str:
        """Give the name of an array of as many numbers as the rows have."""
        free = self._free.setdefault((rows.dtype, rows.n), [])
        if not free:
            free.append(f"m{len(self.lines)}")
            self.lines.append(f"alignas(64) {TYPES[rows.dtype]} {free[0]}[{rows.n} * L];")
        self._of[rows] = free.pop()
        return self._of[rows]

    def give_back(self, rows: Rows) -> None:
        """Let later rows have the array of these."""
        self._free[rows.dtype, rows.n].append(self._of.pop(rows))


EVALUATION = """constexpr int M = {m}, LANES = {lanes};

// All bits where a number is nan or infinite, else none. Looks at its exponent: with -ffast-math no comparison may be
// relied on, nor std::isnan.
inline std::uint64_t not_finite(double x) {{
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return ((bits >> 52) & 0x7ff) == 0x7ff ? ~std::uint64_t{{0}} : 0;
}}

// A number, or nan where the mask has all bits.
inline double masked(double x, std::uint64_t mask) {{
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  bits |= mask;
  std::memcpy(&x, &bits, sizeof bits);
  return x;
}}

// Masks of L points: those with a coordinate that is not finite, and those outside the box, which are these and more.
template <int L> inline void masks(const double* rows, std::uint64_t* wrong, std::uint64_t* outside) {{
  for (int p = 0; p < L; p++) wrong[p] = outside[p] = 0;
  for (int j = 0; j < M; j++)
    for (int p = 0; p < L; p++) {{
      const double x = rows[j * L + p];
      wrong[p] |= not_finite(x);
      outside[p] |= not_finite(x) | (x < LOW[j] || x > HIGH[j] ? ~std::uint64_t{{0}} : 0);
    }}
}}

inline bool in_box(const double* s) {{
  std::uint64_t wrong, outside;
  masks<1>(s, &wrong, &outside);
  return !outside;
}}

// F at L points: nan where s is not finite, and errors, which are the last rows, outside the box, too.
template <class F, int L> inline void evaluate(const double* rows, double* found) {{
  F::template of<L>(rows, found);
  if (F::VALUES == F::ROWS) {{  // one look at all numbers together costs next to nothing
    std::uint64_t any = 0;
    for (int i = 0; i < M * L; i++) any |= not_finite(rows[i]);
    if (!any) return;
  }}
  std::uint64_t wrong[L], outside[L];
  masks<L>(rows, wrong, outside);
  for (int r = 0; r < F::ROWS; r++)
    for (int p = 0; p < L; p++)
      found[r * L + p] = masked(found[r * L + p], r < F::VALUES ? wrong[p] : outside[p]);
}}

// F at s [n][M]: `put` gets the number of the point, of the row, and the result.
template <class F, class Put> inline void batch(std::size_t n, const double* s, Put put) {{
  alignas(64) double rows[M * LANES], found[F::ROWS * LANES];
  for (std::size_t first = 0; first < n; first += LANES) {{
    const int points = n - first < LANES ? static_cast<int>(n - first) : LANES;
    for (int p = 0; p < LANES; p++)
      for (int j = 0; j < M; j++) rows[j * LANES + p] = s[(first + (p < points ? p : 0)) * M + j];
    evaluate<F, LANES>(rows, found);
    for (int p = 0; p < points; p++)
      for (int r = 0; r < F::ROWS; r++) put(first + p, r, found[r * LANES + p]);
  }}
}}
"""
"""Functions that evaluate at one point and at many, with {m} coordinates and {lanes} points side by side."""

VALUE = """// I(s). Does not look whether s is in the box: far outside, what it gives is wrong.
inline {result} {name}(const double s[{m}]) {{
  double found[{width}];
  {space}::evaluate<{space}::Value, 1>(s, found);
  return {of_found};
}}

// I(s). Throws std::out_of_range for a point outside the box.
inline {result} {name}_checked(const double s[{m}]) {{
  if (!{space}::in_box(s)) throw std::out_of_range("{name}: s lies outside the box");
  return {name}(s);
}}

// s [n][{m}], value [n]. Does not look whether points are in the box: far outside, what it gives is wrong.
inline void {name}_batch(std::size_t n, const double* s, {result}* value) {{
  double* const to = reinterpret_cast<double*>(value);
  {space}::batch<{space}::Value>(n, s, [=](std::size_t i, int r, double x) {{ to[i * {width} + r] = x; }});
}}

// The same. Throws std::out_of_range before any value is computed where a point is outside the box.
inline void {name}_batch_checked(std::size_t n, const double* s, {result}* value) {{
  for (std::size_t i = 0; i < n; i++)
    if (!{space}::in_box(s + i * {m}))
      throw std::out_of_range("{name}: point " + std::to_string(i) + " of s, from 0, lies outside the box");
  {name}_batch(n, s, value);
}}
"""

ERROR = """// One standard deviation; nan outside the box, where nothing is known of it.
inline double {name}_error(const double s[{m}]) {{
  double found;
  {space}::evaluate<{space}::Error, 1>(s, &found);
  return found;
}}

inline void {name}_error_batch(std::size_t n, const double* s, double* error) {{
  {space}::batch<{space}::Error>(n, s, [=](std::size_t i, int, double x) {{ error[i] = x; }});
}}

// I(s) and its error by one evaluation. Outside the box I(s) is extrapolated, and the error is nan.
inline {result} {name}_with_error(const double s[{m}], double* error) {{
  double found[{width} + 1];
  {space}::evaluate<{space}::WithError, 1>(s, found);
  *error = found[{width}];
  return {of_found};
}}

inline void {name}_with_error_batch(std::size_t n, const double* s, {result}* value, double* error) {{
  double* const to = reinterpret_cast<double*>(value);
  {space}::batch<{space}::WithError>(n, s, [=](std::size_t i, int r, double x) {{
    (r < {width} ? to[i * {width} + r] : error[i]) = x;
  }});
}}
"""

GRADIENT = """// dI/ds. Does not look whether s is in the box.
inline void {name}_gradient(const double s[{m}], double gradient[{m}]) {{
  {space}::evaluate<{space}::Gradient, 1>(s, gradient);
}}

inline void {name}_gradient_batch(std::size_t n, const double* s, double* gradient) {{
  {space}::batch<{space}::Gradient>(n, s, [=](std::size_t i, int r, double x) {{ gradient[i * {m} + r] = x; }});
}}
"""


USAGE = {
    "value": """Call: {result} {name}(const double s[{m}]); {name}_checked(s) throws std::out_of_range outside the box;
// {name}_batch(n, s, value) computes n points, s[n][{m}] and value[n]; {name}_batch_checked(n, s, value) throws.""",
    "error": """One standard deviation: {name}_error(s), {name}_with_error(s, &error) for both, and for n points
// {name}_error_batch(n, s, error), {name}_with_error_batch(n, s, value, error).""",
    "gradient": "dI/ds: {name}_gradient(s, gradient[{m}]), and for n points {name}_gradient_batch(n, s, gradient).",
}
"""Output -> the lines at the top of a header that say how it is asked for."""


def _facts(name: str, arithmetic: Arithmetic, about: Description) -> dict[str, Any]:
    """Give what the templates of functions, and of the lines about them, have in braces."""
    return {
        "name": name, "m": arithmetic.s.n, "space": f"loopmark_{name}", "width": arithmetic.outputs["value"].n,
        "result": "std::complex<double>" if about.is_complex else "double",
        "of_found": "{found[0], found[1]}" if about.is_complex else "found[0]",
    }  # fmt: skip


def _of_outputs(templates: Mapping[str, str], arithmetic: Arithmetic, facts: Mapping[str, Any]) -> list[str]:
    """Fill in the templates of those outputs that a method has."""
    return [template.format(**facts) for key, template in templates.items() if key in arithmetic.outputs]


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
    lines = ["{", f"alignas(64) double t{place}[{found.counts.sum()} * L], a{place}[{n_left} * L];"]
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
    return [lines[0], *[f"  {line}" for line in lines[1:]], "}"]


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
