"""The primitive as published: a deep network N trained by Adam until its mixed derivative is the integrand.

    ∂^k N(s, x)/∂x1…∂xk = f(s, x)  ⇒  I(s) = Σ_{x ∈ {0,1}^k} (−1)^(k − Σ x_i) N(s, x)          (JHEP eq. 2.1, 2.3)

N is fitted in a transformed variable t, and to f divided by its value at the centre of the cube and by a constant c:

    target(s, t) = f(s, x(t)) Π_i x'(t_i) / (c f(s, ½))                    (JHEP eq. 2.19, 2.23; thesis eq. 2.21, 2.22)

`methods/deep/training.py` trains each replica; `methods/papers/primitive_recipes.py` has the settings that the papers
print.

Papers: Maître & Santos-Mateos, JHEP 03 (2023) 221, arXiv:2211.02834; Bentley, MPhys thesis, Durham 2024.

notation: N = network; lattice grid size = lattice_size; layers = depth, nodes = width; epoch = update.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch

from methods.base import InputError, ParametricIntegral
from methods.core.budget import Clock
from methods.core.failed_fits import forgetting_earlier
from methods.deep import checkpoint, diagnostics, partial_derivative
from methods.deep.activations import ACTIVATIONS
from methods.deep.corner_networks import CornerNetworks
from methods.deep.network import PrimitiveNetwork, corner_sum
from methods.deep.training import Batch, Replica
from methods.deep.training_choices import POINTS, SCHEDULES, SELECTIONS
from methods.primitives.ensemble import Primitive
from methods.quadrature import lattices
from methods.quadrature.transforms import exponential, identity, korobov
from methods.surrogates import targets
from methods.surrogates.labels import LabelSource

UPDATES_WITHOUT_BUDGET = 20_000

N_LABELS = 2000
"""Labels that choose the best weights: as many as the thesis has test points."""

LABEL_SHARE = 0.25
"""Share of the budget in which the method that they come from may prepare itself. All of them are computed, however
long that takes: with fewer, as many updates would not repeat a training."""

MONITOR_EVERY = 25
"""Updates between calls of the monitor."""

BETWEEN_WAITS_S = 0.05
"""Seconds of updates that a GPU is given at once: it is not waited for after each of them, and the budget is kept."""

TRANSFORMS: dict[str, Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]] = {
    "identity": identity,
    "korobov3": lambda t: korobov(t, 1),
    "exponential3": lambda t: exponential(t, 3.0),
}
"""Changes of variables by their names in records and papers. "korobov3" is x = t²(3 − 2t) (JHEP eq. 2.24), called for
its degree of three: the Korobov transform of weight α = 1, while pySecDec's "korobov3" has α = 3."""

GAINS: dict[str, Callable[[float], float]] = {"torch": lambda gain: gain, "thesis": math.sqrt}
"""What multiplies √(6/(n_in + n_out)): the gain in PyTorch's convention; inside the root in thesis eq. 4.2."""

NORMALISATIONS = {"centre": 1, "none": 0}
"""Integrand evaluations at the centre per phase-space point: f is divided by them (JHEP eq. 2.19), or not."""

SCALES: dict[str, Callable[[torch.Tensor], float]] = {
    "std": lambda target: float(target.std(correction=0)),
    "max": lambda target: float(target.abs().max()),
    "one": lambda target: 1.0,
}
"""The constant c from values of the target over the cube of (s, t); "max": thesis eq. 2.22; "one": JHEP."""

Scaling = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]

SCALINGS: dict[str, Scaling] = {
    "box": lambda s, low, high: 2 * (s - low) / (high - low) - 1,
    "largest": lambda s, low, high: s / torch.maximum(low.abs(), high.abs()),
    "none": lambda s, low, high: s,
}
"""How s enters the network: its box as [−1, 1]; divided by the largest |s| (thesis eq. 2.15); as it is."""


@dataclass(kw_only=True)
class PublishedPrimitive(Primitive):
    """An ensemble of fully connected networks trained as primitives of the integrand.

    Parameters
    ----------
    width, depth : int
        Neurons per hidden layer, and number of hidden layers. JHEP has 4 × 100 for I1 and 4 × 30 for I2, trained
        for about ten hours on a GPU; the default suits a minute on two cores.
    activation : str
        A name of `methods.deep.activations.ACTIVATIONS`.
    gain, gain_convention : float, str
        Of the Xavier initialisation. Weights are uniform, biases zero; the bound is gain·√(6/(n_in + n_out)) for
        "torch", and √(6·gain/(n_in + n_out)) for "thesis" (eq. 4.2).
    transform : str
        Change of variables t -> x: a name of `TRANSFORMS`. The papers' is "korobov3".
    normalisation : str
        "centre": fit to f(s, x)/f(s, ½); "none": to f itself.
    scale : str
        The constant that divides the target further: "std" or "max" of it, or "one".
    scaling : str
        Of s: a name of `SCALINGS`.
    points : str
        "lattice", "sobol" or "random": see `methods.deep.training_choices.POINTS`.
    lattice_size : int
        Points (s, t) per update (Table 1: 100,000 for I1, 20,000 for I2).
    n_repeat : int
        Updates between draws of new points (Table 1: 5).
    shared_points : bool
        Whether all replicas see the same points (ACAT: "on the same data"; JHEP: "on different samples").
    learning_rate : float
        Adam's, at its highest.
    schedule : str
        "inverse_sqrt", "plateau" or "constant": see `methods.deep.training_choices.SCHEDULES`.
    factor, patience : float, int
        Of the schedule "plateau": what multiplies the learning rate, after how many updates without a smaller loss.
    selection : str
        Which weights count: an "average" of late ones, the "best" on points kept apart, or the "last".
    labels : str, optional
        A direct method that computes N_LABELS values of I, by whose digits "best" chooses, as the thesis does by the
        truth (section 4); None chooses by the loss, which costs no integral.
    n_updates : int, optional
        Updates of each replica; None trains until the budget is used, or 20,000 without a budget.
    n_replicas, seed, uncertainty, precision, device
        As `methods.primitives.ensemble.Primitive` says.

    Attributes
    ----------
    n_updates_ : int
        Updates made of each replica. As nothing in the training depends on the time, fitting again with `n_updates` set
        to this number repeats the result, unless the budget cuts the label method short.
    scale_ : float
        The constant c.
    replicas : list of methods.deep.training.Replica
        The networks in training; a method that was loaded has none.
    """

    name: ClassVar[str] = "published_primitive"
    source: ClassVar[str] = "Maître & Santos-Mateos, JHEP 03 (2023) 221; Bentley, MPhys thesis, Durham 2024"

    width: int = 64
    depth: int = 3
    activation: str = "tanh"
    gain: float = 1.5
    gain_convention: str = "torch"
    transform: str = "korobov3"
    normalisation: str = "centre"
    scale: str = "std"
    scaling: str = "box"
    points: str = "lattice"
    lattice_size: int = 2048
    n_repeat: int = 5
    shared_points: bool = False
    learning_rate: float = 5e-3
    schedule: str = "inverse_sqrt"
    factor: float = 0.5
    patience: int = 500
    selection: str = "average"
    labels: str | None = None
    n_updates: int | None = None

    @property
    def n_centre(self) -> int:
        """Integrand evaluations per phase-space point: one where f is divided by its value at the centre."""
        return NORMALISATIONS[self.normalisation]

    def fit(
        self, integral: ParametricIntegral, *, budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:  # fmt: skip
        """Train all replicas in step until the budget or `n_updates` is used up.

        Raises
        ------
        InputError
            For a complex integral, a field that is not allowed, an integrand whose values cannot be normalised, or a
            training that diverges.
        """
        clock = Clock(budget)
        return self._train(self._replicas_to_train(integral, clock), clock, monitor)

    @forgetting_earlier
    def resume(
        self, integral: ParametricIntegral, state: Mapping[str, np.ndarray], *, budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:  # fmt: skip
        """Go on with a fit from what `training_state` gave, with the same fields, as if it had not been interrupted.

        Parameters
        ----------
        integral, budget, monitor
            As of `fit`; the budget is for what is still to be done.
        state : dict of str to array
            From a fit on the same kind of device; from another one, rounding makes a difference.

        Raises
        ------
        InputError
            Where `fit` does, and for a state of other fields.
        """
        clock = Clock(budget)
        replicas = self._replicas_to_train(integral, clock)
        of_each: dict[str, dict[str, np.ndarray]] = {}
        for key, array in state.items():
            index, is_of_replica, name = key.partition(":")
            if is_of_replica:
                of_each.setdefault(index, {})[name] = array
        here = {str(index): replica for index, replica in enumerate(replicas)}
        is_known = "n_updates" in state and of_each.keys() == here.keys()
        if not is_known or not all(checkpoint.is_state_of(here[index], of_each[index]) for index in here):
            raise InputError(
                f"The state is not that of a {self.name} with these fields; give those of the fit that it is from."
            )
        for index, replica in here.items():
            checkpoint.restore(replica, of_each[index])
        self.n_updates_ = int(state["n_updates"])
        return self._train(replicas, clock, monitor)

    def training_state(self) -> dict[str, np.ndarray]:
        """Give what `resume` needs, in a monitor or after `fit`; a method that was loaded has none: AttributeError."""
        own = (
            (index, key, array)
            for index, replica in enumerate(self.replicas)
            for key, array in checkpoint.state(replica).items()
        )
        return {f"{index}:{key}": array for index, key, array in own} | {"n_updates": np.array(self.n_updates_)}

    def diagnose(self) -> dict[str, Any]:
        """Return how the first replica's training stands: `methods.deep.diagnostics`; {} for a loaded method."""
        return diagnostics.figures_of_training(self.replicas[0]) if hasattr(self, "replicas") else {}

    def label_errors(self, network: PrimitiveNetwork) -> torch.Tensor:
        """Compute P = log10|(e − t)/t| of a network's values at the labels (N_LABELS,): minus its digits."""
        s, label = (tensor.to(self.device) for tensor in self._labels)
        with torch.no_grad():
            value = self.scale_ * corner_sum(network, self._scaled(s).to(self._dtype)) * self._normalisation(s)
        return torch.log10((value / label - 1).abs())

    def partial(
        self, s: torch.Tensor, t: torch.Tensor, given: Collection[int], i: int, points: torch.Tensor
    ) -> torch.Tensor:
        """Compute p(t_given) I(s)/(c f(s, ½)) as t_i takes each of `points` (q,): (n, q), as `SamplesX` says."""
        s, t, points = self._scaled(s).to(self._dtype), t.to(self._dtype), points.to(self._dtype)
        found = [partial_derivative.partial(network, s, t, given, i, points) for network in self._networks]
        return torch.stack(found).double().mean(dim=0)

    def place(self, s: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return x and dx_i/dt_i, as `methods.base.SamplesX` says."""
        return TRANSFORMS[self.transform](t)

    def export_form(self) -> CornerNetworks:
        """Give the replicas' networks, as `methods.base.Exportable` says."""
        return CornerNetworks(self._networks, self._scaled, self.scale_, bool(self.n_centre))

    def target(self, points: torch.Tensor) -> torch.Tensor:
        """Compute c times what the mixed derivative is fitted to, at (t, s) of the unit cube (n, k + m): (n,)."""
        k = self.integral_.k
        x, dx_dt = TRANSFORMS[self.transform](points[:, :k])
        s = self._in_box(points)
        return self.integral_.integrand(s, x) * dx_dt.prod(dim=1) / self._normalisation(s)

    def batch(self, points: torch.Tensor) -> Batch:
        """Return network inputs and target for points (t, s) of the unit cube (n, k + m)."""
        s, t, target = self._scaled(self._in_box(points)), points[:, : self.integral_.k], self.target(points)
        return Batch(s.to(self._dtype), t.to(self._dtype), (target / self.scale_).to(self._dtype))

    def new_network(self, generator: torch.Generator) -> PrimitiveNetwork:
        """Return an untrained network."""
        gain = GAINS[self.gain_convention](self.gain)
        network = PrimitiveNetwork(
            self.integral_.k, self.integral_.m, self.width, self.depth, self.activation, self._dtype,
            gain=gain, generator=generator,
        )  # fmt: skip
        return network.to(self.device)

    def _prepare(self, integral: ParametricIntegral) -> None:
        super()._prepare(integral)
        for field, allowed in (
            ("activation", ACTIVATIONS), ("gain_convention", GAINS), ("transform", TRANSFORMS), ("scale", SCALES),
            ("normalisation", NORMALISATIONS), ("scaling", SCALINGS), ("points", POINTS), ("schedule", SCHEDULES),
            ("selection", SELECTIONS),
        ):  # fmt: skip
            self._require(field, allowed)
        self._require_positive("width", "depth", "gain", "lattice_size", "n_repeat", "learning_rate", "n_updates")

    def _replicas_to_train(self, integral: ParametricIntegral, clock: Clock) -> list[Replica]:
        """Prepare everything for the first update."""
        self._require_supported(integral)
        self._prepare(integral)
        self.scale_ = self._constant()
        if self.labels is not None:
            points = integral.sample(N_LABELS, self.seed)
            source = LabelSource(self.labels, integral, budget=clock.share(LABEL_SHARE).budget)
            value, error, _ = source.compute(points)
            targets.check(integral, self.labels, value, error)
            if not value.all():
                raise InputError(f"{self.labels} gave labels that are zero; relative errors need others.")
            self._labels = torch.as_tensor(points), torch.as_tensor(value)
        self.replicas = [Replica(self, index) for index in range(self.n_replicas)]
        self._networks = [replica.kept for replica in self.replicas]
        with torch.no_grad():
            self._corner_sums(self._low[None])  # compiles now, within the budget, what `integrate` will need
        self.n_updates_ = 0
        return self.replicas

    def _train(self, replicas: list[Replica], clock: Clock, monitor: Callable[[Self], None] | None) -> Self:
        """Make updates of all replicas until there are as many as `n_updates` says, or the time is over."""
        n_updates = self.n_updates or (sys.maxsize if clock.is_limited else UPDATES_WITHOUT_BUDGET)
        longest, at_once, begun = 0.0, 1, False
        while self.n_updates_ < n_updates and (not begun or clock.left > longest):
            start, begun = time.perf_counter(), True
            at_once = min(at_once, n_updates - self.n_updates_, MONITOR_EVERY - self.n_updates_ % MONITOR_EVERY)
            for _ in range(at_once):
                for replica in replicas:
                    replica.update(self.n_updates_)
                self.n_updates_ += 1
            # The first number waits for a GPU, which has been given these updates, and done none of them yet.
            losses = [float(replica.loss) for replica in reversed(replicas)]
            seconds = time.perf_counter() - start
            # They may take longer than the last ones did, but the first, which loads kernels, says little.
            longest = max(0.9 * longest, seconds)
            at_once = max(1, int(BETWEEN_WAITS_S * at_once / max(seconds, 1e-9)))
            if not all(map(math.isfinite, losses)):
                self._require_finite()  # now, since no further update would make the weights finite
            if self.n_updates_ % MONITOR_EVERY == 0:
                clock.show(monitor, self)
        self._require_finite()
        return self

    def _require_finite(self) -> None:
        """Raise InputError where the kept weights give values that are infinite or NaN at two corners of the box."""
        with torch.no_grad():
            sums = self._corner_sums(torch.stack([self._low, self._high]))
        if not bool(sums.isfinite().all()):
            raise InputError(
                f"The training of {self.name} diverged after {self.n_updates_} updates: its values are not finite; "
                "give a smaller learning_rate or gain."
            )

    def _constant(self) -> float:
        """Return c, from the middles between the points of the lattice: the same for all replicas and repeats."""
        n, dimension = self.lattice_size, self.integral_.k + self.integral_.m
        points = torch.as_tensor(lattices.points(lattices.powers(n, dimension), n), device=self.device)
        constant = SCALES[self.scale](self.target(points + 0.5 / n)) or 1.0
        if not math.isfinite(constant):
            raise InputError(
                f"{self.name} divides by f(s, 1/2), but that vanishes, or f is not finite, in the box of "
                f"{self.integral_.name}; give a smaller box."
            )
        return constant

    def _corner_sums(self, s: torch.Tensor) -> torch.Tensor:
        scaled = self._scaled(s).to(self._dtype)
        return self.scale_ * torch.stack([corner_sum(network, scaled) for network in self._networks]).double()

    def _normalisation(self, s: torch.Tensor) -> torch.Tensor:
        return super()._normalisation(s) if self.n_centre else torch.ones_like(s[:, 0])

    def _in_box(self, points: torch.Tensor) -> torch.Tensor:
        return self._low + (self._high - self._low) * points[:, self.integral_.k :]

    def _scaled(self, s: torch.Tensor) -> torch.Tensor:
        return SCALINGS[self.scaling](s, self._low, self._high)

    def _state(self) -> dict[str, np.ndarray]:
        weights = {
            f"{index}.{key}": value.cpu().numpy()
            for index, network in enumerate(self._networks)
            for key, value in network.state_dict().items()
        }
        return super()._state() | weights

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        super()._restore({key: value for key, value in state.items() if "." not in key})
        self._prepare(self.integral_)
        self._networks = [self.new_network(torch.Generator()) for _ in range(self.n_replicas)]
        for index, network in enumerate(self._networks):
            network.load_state_dict({key: torch.from_numpy(state[f"{index}.{key}"]) for key in network.state_dict()})
