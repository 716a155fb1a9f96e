"""The kernels of `gpu_derivative`, as text: the recursion of `nilpotent` and its adjoint, unrolled.

A recording (`methods/deep/straight_line.py`) of the recursion on 2^k symbols is all that a kernel computes for one
neuron; around it come loads and stores. As a recording keeps only what its outputs need, and no products with 0, the
last layer, of which one coefficient counts, takes no code of its own.

Of a product c_S = Σ_{T ⊆ S} a_T b_{S∖T}, a's gradient is that of c, contracted with b: Σ_{S ⊇ T} c_S b_{S∖T}.

notation: arrays in memory are planes of n numbers, all samples' neurons, one plane per coefficient. base = values of
the activation's base functions, D_j = φ^(j)(z_∅), p = `nilpotent.slopes`; gq = gradient of q.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from methods.deep.activations import Activation
from methods.deep.straight_line import Line, StraightLine, record

Planes = dict[str, list[Any]]
"""Coefficients of each array, as symbols or numbers."""

MODULE = """import triton
import triton.language as tl
"""

# Were planes known to be aligned, threads would load four neurons each and exchange coefficients through memory.
KERNEL = """

@triton.jit(do_not_specialize=["size", "width"])
def {name}({arrays}, size, width, BLOCK: tl.constexpr):
    n = tl.cast(size, tl.int64)
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)[None, :]
    inside = at < n
    {statements}
"""

# The first layer, y_S = φ^(|S|)(z_∅) p_S, needs one coefficient at a time: a loop, which compiles faster.
FIRST = """

@triton.jit(do_not_specialize=["size", "width"])
def first_forward(base, z, p, to_y, size, width, BLOCK: tl.constexpr):
    n = tl.cast(size, tl.int64)
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < n
    z0 = tl.load(z + at, inside, 0.0)
    {derivatives}
    for S in range({n_coefficients}):
        order = {order}
        slope = tl.load(p + S * width + at % width)
        tl.store(to_y + S * n + at, {d} * slope, inside)


@triton.jit(do_not_specialize=["size", "width"])
def first_backward(base, z, p, gy, to_y, to_gz, to_gp, size, width, BLOCK: tl.constexpr):
    n = tl.cast(size, tl.int64)
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < n
    z0 = tl.load(z + at, inside, 0.0)
    {derivatives}
    gz = tl.full((BLOCK,), 0.0, z0.dtype)
    for S in range({n_coefficients}):
        order = {order}
        slope = tl.load(p + S * width + at % width)
        g = tl.load(gy + S * n + at, inside, 0.0)
        d = {d}
        tl.store(to_y + S * n + at, d * slope, inside)
        tl.store(to_gp + S * n + at, g * d, inside)
        gz += g * {above} * slope
    tl.store(to_gz + at, gz, inside)
"""


def source(phi: Activation, k: int) -> str:
    """Return the module of all kernels for k variables and an activation; arrays that are read come first."""
    n_coefficients, n_base = 2**k, min(phi.n_base, k + 2)

    def hidden_forward(base: list, z: list) -> Planes:
        return {"y": climb(phi.tower(z[0], base, k), z)[-1][0]}

    def hidden_backward(base: list, z: list, gy: list) -> Planes:
        derivatives = phi.tower(z[0], base, k + 1)
        towers = climb(derivatives[:-1], z)
        return {"y": towers[-1][0], "gz": descend(towers, derivatives, z, gy)}

    def last_forward(base: list, z: list) -> Planes:
        return {"y": hidden_forward(base, z)["y"][-1:]}

    def last_backward(base: list, z: list, gy: list) -> Planes:
        return {"gz": hidden_backward(base, z, [0] * (n_coefficients - 1) + gy)["gz"]}

    hidden = {"base": n_base, "z": n_coefficients}
    kernels: dict[Callable[..., Planes], Mapping[str, int]] = {
        hidden_forward: hidden,
        hidden_backward: hidden | {"gy": n_coefficients},
        last_forward: hidden,
        last_backward: hidden | {"gy": 1},
    }
    return MODULE + _first(phi, k) + "".join(_kernel(function, reads) for function, reads in kernels.items())


def _first(phi: Activation, k: int) -> str:
    """Return the kernels of the first layer."""
    names = [f"base{i}" for i in range(min(phi.n_base, k + 2))]
    tower = record(lambda z, *base: phi.tower(z, base, k + 1), ("z0", *names)).python("d")
    loads = [f"{name} = tl.load(base + {i} * n + at, inside, 0.0)" for i, name in enumerate(names)]
    derivatives = "\n    ".join([*loads, *tower.splitlines()])
    order = " + ".join(f"(S >> {i} & 1)" for i in range(k))
    d, above = (_chosen([f"d{j + first}" for j in range(k + 1)]) for first in (0, 1))
    return FIRST.format(derivatives=derivatives, order=order, n_coefficients=2**k, d=d, above=above)


def _chosen(values: list[str]) -> str:
    """Return an expression for the value whose number is `order`."""
    if len(values) == 1:
        return values[0]
    return f"tl.where(order == {len(values) - 1}, {values[-1]}, {_chosen(values[:-1])})"


def _kernel(function: Callable[..., Planes], reads: Mapping[str, int]) -> str:
    """Return the kernel that does to arrays, with so many planes each, what function does to one number of each."""
    written: dict[str, int] = {}

    def flat(*symbols: Any) -> list[Any]:
        left = iter(symbols)
        results = function(*([next(left) for _ in range(count)] for count in reads.values()))
        written.update({array: len(values) for array, values in results.items()})
        return [value for values in results.values() for value in values]

    code = _fused(record(flat, [f"{array}{i}" for array, count in reads.items() for i in range(count)]))
    outputs = iter(v if isinstance(v, str) else f"tl.full((BLOCK,), {v!r}, base0.dtype)" for v in code.outputs)
    statements = [
        *(line for array, count in reads.items() for line in _load(array, count)),
        *StraightLine(code.lines, []).python().splitlines(),
        *(_store(array, list(itertools.islice(outputs, count))) for array, count in written.items()),
    ]
    arrays = ", ".join([*reads, *(f"to_{array}" for array in written)])
    return KERNEL.format(name=function.__name__, arrays=arrays, statements="\n    ".join(statements))


def _load(array: str, count: int) -> list[str]:
    """Return statements that load the planes of an array into variables, array0 and so on.

    All at once where it can be, in a load that is then split: of single loads Triton's layout pass follows each through
    the whole kernel, so that hidden_backward for k = 6 compiles in 32 s instead of 4.
    """
    if array == "base":  # any number of planes, where Triton wants a power of two
        return [f"base{i} = {_planes(f'base + {i} * n', 1)}.reshape((BLOCK,))" for i in range(count)]
    return [f"{array} = {_planes(array, count)}", *_split(array, [f"{array}{i}" for i in range(count)])]


def _planes(array: str, count: int) -> str:
    # Planes are the slow index, so that a thread has all.
    return f"tl.load({array} + tl.arange(0, {count})[:, None] * n + at, inside, 0.0).trans()"


def _split(tensor: str, names: list[str]) -> list[str]:
    """Return statements that split a tensor (BLOCK, planes) into its planes, even from odd and so on."""
    if len(names) == 1:
        return [f"{names[0]} = {tensor}.reshape((BLOCK,))"]
    even, odd = f"{tensor}_even", f"{tensor}_odd"
    halves = f"{even}, {odd} = {tensor}.reshape((BLOCK, {len(names) // 2}, 2)).split()"
    return [halves, *_split(even, names[::2]), *_split(odd, names[1::2])]


def _store(array: str, values: list[str]) -> str:
    """Return a statement that stores variables as planes of an array, joined as `_split` splits."""
    where = f"to_{array} + tl.arange(0, {len(values)})[:, None] * n + at"
    return f"tl.store({where}, {_joined(values)}.reshape((BLOCK, {len(values)})).trans(), inside)"


def _joined(values: list[str]) -> str:
    if len(values) == 1:
        return values[0]
    half = f"(BLOCK, {len(values) // 2})"
    return f"tl.join({_joined(values[::2])}.reshape({half}), {_joined(values[1::2])}.reshape({half}))"


def _fused(code: StraightLine) -> StraightLine:
    """Return a recording with each product and the only sum that needs it in one operation.

    The last stage of Triton's compiler would do so by itself; those before it take less time for fewer operations.
    """
    uses = Counter([operand for line in code.lines for operand in (line.left, line.right)] + code.outputs)
    single = [line for line in code.lines if line.operator == "*" and uses[line.name] == 1]
    # Of variables only: tl.fma would round numbers to float32.
    products = {line.name: f"{line.left}, {line.right}" for line in single if isinstance(line.left, str)}
    lines, gone = [], set()
    for line in code.lines:
        for product, other in ((line.left, line.right), (line.right, line.left)):
            if line.operator == "+" and product in products and isinstance(other, str):
                line = Line(line.name, f"tl.fma({products[product]}, {other})", "", "")
                gone.add(product)
                break
        lines.append(line)
    return StraightLine([line for line in lines if line.name not in gone], code.outputs)


def climb(derivatives: list, z: list) -> list[list[list]]:
    """Return, for n = 0 … k variables, the towers [T_0(n), …, T_{k−n}(n)], each a list of 2^n coefficients."""
    towers = [[[derivative] for derivative in derivatives]]
    for n in range(len(derivatives) - 1):
        high = z[2**n : 2 ** (n + 1)]
        towers.append([low + times(above, high) for low, above in itertools.pairwise(towers[-1])])
    return towers


def descend(towers: list[list[list]], derivatives: list, z: list, gy: list) -> list:
    """Return the gradient of z from that of φ(z) = T_0(k), and one derivative more than the towers start from."""
    gz, g_towers = [0] * len(z), [gy]
    for n in reversed(range(len(towers) - 1)):
        half = slice(2**n, 2 ** (n + 1))
        below: list[list] = [[0] * 2**n for _ in towers[n]]
        for j, g in enumerate(g_towers):
            low, high = g[: 2**n], g[2**n :]
            below[j] = plus(below[j], low)
            below[j + 1] = plus(below[j + 1], contract(high, z[half]))
            gz[half] = plus(gz[half], contract(high, towers[n][j + 1]))
        g_towers = below
    gz[0] = sum(g * above for (g,), above in zip(g_towers, derivatives[1:], strict=True))
    return gz


def times(a: list, b: list) -> list:
    """Return the coefficients of a b."""
    if len(a) == 1:
        return [a[0] * b[0]]
    half = len(a) // 2
    return times(a[:half], b[:half]) + plus(times(a[:half], b[half:]), times(a[half:], b[:half]))


def contract(c: list, b: list) -> list:
    """Return Σ_{S ⊇ T} c_S b_{S∖T} for all T."""
    if len(c) == 1:
        return [c[0] * b[0]]
    half = len(c) // 2
    return plus(contract(c[:half], b[:half]), contract(c[half:], b[half:])) + contract(c[half:], b[:half])


def plus(a: list, b: list) -> list:
    """Return the coefficients of a + b."""
    return [left + right for left, right in zip(a, b, strict=True)]
