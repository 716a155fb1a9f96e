"""Ways to make one training step on a mixed derivative, forward and backward, to be compared by `mixed_speed`.

    this                    methods.deep.network, as users call it
    recursion               the same recursion over subsets in plain torch, which CPUs without a compiler get
    compiled recursion      that by torch.compile
    nested grad             torch.autograd.grad k times
    compiled nested grad    torch.func.grad k times by torch.compile, which leaves torch.autograd.grad alone
    nested jvp              torch.func.jvp k times
    partitions              the sum over set partitions of JHEP appendix B (arXiv:2211.02834)
    products                the matrix products alone: 3 (depth − 1) of (batch · 2^k × width) by (width × width)

Each is a function of a shape that returns what to call for one step. Without module-level torch: asv imports this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import torch

    from methods.deep.network import PrimitiveNetwork

M = 3
"""Kinematic invariants."""

Step = Callable[[], Any]
Contender = Callable[..., Step]
"""Of a shape and, where it is not the CPU, a device as torch names it."""
Derivative = Callable[["PrimitiveNetwork", "torch.Tensor", "torch.Tensor"], "torch.Tensor"]


class Shape(NamedTuple):
    """A network of `depth` hidden layers of `width` tanh neurons, for k variables, and a batch of points."""

    k: int
    depth: int
    width: int
    batch: int


def given(shape: Shape, device: str = "cpu") -> tuple[PrimitiveNetwork, torch.Tensor, torch.Tensor]:
    """Return a network with points s and x, float32."""
    import torch

    from methods.deep.network import PrimitiveNetwork

    generator = torch.Generator().manual_seed(0)
    network = PrimitiveNetwork(shape.k, M, shape.width, shape.depth, generator=generator)
    s, x = (torch.rand(shape.batch, width, generator=generator) for width in (M, shape.k))
    return network.to(device), s.to(device), x.to(device)


def training(derivative: Derivative) -> Contender:
    """Return the contender that fits `derivative` to zero."""

    def make(shape: Shape, device: str = "cpu") -> Step:
        network, s, x = given(shape, device)

        def step() -> None:
            network.zero_grad()
            derivative(network, s, x).square().sum().backward()

        return step

    return make


def compiled_training(derivative: Derivative) -> Contender:
    """Return the contender that fits to zero what torch.compile makes of `derivative`, at the first step."""

    def make(shape: Shape, device: str = "cpu") -> Step:
        import torch

        return training(torch.compile(derivative))(shape, device)

    return make


def this(network: PrimitiveNetwork, s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return the mixed derivative by methods.deep.network."""
    from methods.deep.network import mixed_partial

    return mixed_partial(network, s, x)


def recursion(network: PrimitiveNetwork, s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return the mixed derivative by plain torch."""
    import torch

    from methods.deep import cpu_derivative, nilpotent

    inputs = torch.cat([x, s], dim=1)
    return nilpotent.mixed_partial(network.activation, network.k, inputs, *cpu_derivative.weights(network))


def nested_grad(network: PrimitiveNetwork, s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return the mixed derivative by one reverse pass per variable."""
    import torch

    x = x.clone().requires_grad_()
    derivative = network(s, x)
    for i in range(network.k):
        derivative = torch.autograd.grad(derivative.sum(), x, create_graph=True)[0][:, i]
    return derivative


def nested_func_grad(network: PrimitiveNetwork, s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return the mixed derivative by one reverse pass per variable, each inside the next."""
    import torch

    def along(function: Callable, i: int) -> Callable:
        return lambda x: torch.func.grad(lambda x: function(x).sum())(x)[:, i]

    def function(x: torch.Tensor) -> torch.Tensor:
        return network(s, x)

    for i in range(network.k):
        function = along(function, i)
    return function(x)


def nested_jvp(network: PrimitiveNetwork, s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return the mixed derivative by one forward pass per variable, each inside the next."""
    import torch

    def along(function: Callable, i: int) -> Callable:
        direction = torch.zeros_like(x)
        direction[:, i] = 1
        return lambda x: torch.func.jvp(function, (x,), (direction,))[1]

    def function(x: torch.Tensor) -> torch.Tensor:
        return network(s, x)

    for i in range(network.k):
        function = along(function, i)
    return function(x)


def partitions(network: PrimitiveNetwork, s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return the mixed derivative by y_S = Σ over partitions π of S of φ^(|π|)(z_∅) Π_{B ∈ π} z_B."""
    import torch

    phi, k = network.activation, network.k
    of_subset = [list(_partitions(subset)) for subset in range(2**k)]
    first = network.first(torch.cat([x, s], dim=1))
    y: list[torch.Tensor] = []
    for layer in [None, *network.layers()]:
        if layer is None:
            slopes = [network.first.weight[:, i].expand_as(first) for i in range(k)]
            zero = torch.zeros_like(first)
            z = [slopes[subset.bit_length() - 1] if subset.bit_count() == 1 else zero for subset in range(2**k)]
            z[0] = first
            allowed = [[blocks for blocks in found if len(blocks) == sum(blocks).bit_count()] for found in of_subset]
        else:
            z = list((torch.stack(y) @ layer.weight.T).unbind())
            z[0] = z[0] + layer.bias
            allowed = of_subset
        derivatives = phi.tower(z[0], phi.base(z[0], k), k)
        y = []
        for found in allowed:
            terms = []
            for blocks in found:
                term = derivatives[len(blocks)]
                for block in blocks:
                    term = term * z[block]
                terms.append(term)
            y.append(sum(terms[1:], terms[0]))
    return y[-1] @ network.last.weight[0]


def _partitions(subset: int) -> list[tuple[int, ...]]:
    """Return the partitions of a set, sets being the bits of numbers."""
    if subset == 0:
        return [()]
    lowest = subset & -subset
    rest, found, part = subset ^ lowest, [], subset ^ lowest
    while True:  # every subset `part` of the rest shares a block with the lowest element
        found += [(lowest | part, *others) for others in _partitions(rest ^ part)]
        if part == 0:
            return found
        part = (part - 1) & rest


def products(shape: Shape, device: str = "cpu") -> Step:
    """Multiply what a step cannot do without: per hidden layer z, the gradient of y, and that of the weights."""
    import torch

    a, gz = torch.rand(2, shape.batch * 2**shape.k, shape.width, device=device)
    weight, z, g_weight = (
        torch.rand(shape.width, shape.width, device=device),
        torch.empty_like(a),
        torch.empty(shape.width, shape.width, device=device),
    )

    def step() -> None:
        for _ in range(shape.depth - 1):
            torch.mm(a, weight.T, out=z)
            torch.mm(gz, weight, out=z)
            torch.mm(gz.T, a, out=g_weight)

    return step


def corner_sum(shape: Shape, device: str = "cpu") -> Step:
    """Sum the network over the corners, without gradients."""
    import torch

    from methods.deep.network import corner_sum

    network, s, _ = given(shape, device)

    def step() -> None:
        with torch.no_grad():
            corner_sum(network, s)

    return step


def corner_products(shape: Shape, device: str = "cpu") -> Step:
    """Do the matrix products after the first layer and the tanh of a corner sum; on a CPU in chunks for its cache."""
    import torch

    rows = shape.batch * 2**shape.k
    in_cache = max(1, torch.get_num_threads() * 2**17 // shape.width)
    n = min(rows, in_cache) if device == "cpu" else rows
    a, z = torch.rand(2, n, shape.width, device=device)
    weight, last = torch.rand(shape.width, shape.width, device=device), torch.rand(shape.width, device=device)
    result = torch.empty(rows, device=device)

    def step() -> None:
        for start in range(0, rows, n):
            part = slice(0, min(n, rows - start))
            torch.tanh(a[part], out=z[part])
            for _ in range(shape.depth - 1):
                torch.mm(a[part], weight.T, out=z[part])
                torch.tanh(z[part], out=z[part])
            torch.mv(z[part], last, out=result[start : start + n])

    return step


STEPS: dict[str, Contender] = {
    "this": training(this),
    "recursion": training(recursion),
    "compiled recursion": compiled_training(recursion),
    "nested grad": training(nested_grad),
    "compiled nested grad": compiled_training(nested_func_grad),
    "nested jvp": training(nested_jvp),
    "partitions": training(partitions),
    "products": products,
}
"""Contenders for a training step."""

COMPILED = ("compiled recursion", "compiled nested grad")
"""Those whose first step takes torch.compile's half a minute and more."""

CORNERS: dict[str, Contender] = {"corner sum": corner_sum, "products and tanh": corner_products}
"""Contenders for an evaluation."""
