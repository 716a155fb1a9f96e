"""The state of a replica in training, as arrays: what a later process needs to go on as if nothing had happened.

Points are not among them, but the state of the generator that drew them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from methods.deep.optimiser import rate, set_rate
from methods.deep.training import Replica

Arrays = dict[str, np.ndarray]


def state(replica: Replica) -> Arrays:
    """Give everything that a replica's further updates depend on; waits until the last one has ended."""
    return {name: value.detach().cpu().numpy().copy() for name, value in _tensors(replica)}


def is_state_of(replica: Replica, arrays: Mapping[str, np.ndarray]) -> bool:
    """Tell whether `arrays` have the names and shapes of a state of this replica.

    Those of Adam's moments do not count, which a replica has only after its first update.
    """
    here = {name: tuple(value.shape) for name, value in _tensors(replica)}
    given = {name: np.shape(array) for name, array in arrays.items()}
    return _without_moments(here) == _without_moments(given)


def restore(replica: Replica, arrays: Mapping[str, np.ndarray]) -> None:
    """Put a new replica of the same method and index into a state of its own that `state` gave."""
    found: dict[str, dict[str, torch.Tensor]] = defaultdict(dict)
    for name, array in arrays.items():
        group, _, key = name.partition("/")
        found[group][key] = torch.from_numpy(np.array(array))
    replica.network.load_state_dict(found["network"])
    replica.kept.load_state_dict(found["kept"])
    moments: dict[int, dict[str, torch.Tensor]] = defaultdict(dict)
    for name, value in found["moments"].items():
        index, _, key = name.partition("/")
        moments[int(index)][key] = value
    optimiser = replica.optimiser
    optimiser.load_state_dict({"state": dict(moments), "param_groups": optimiser.state_dict()["param_groups"]})
    set_rate(optimiser, float(found["other"]["rate"]))
    for key, value in found["schedule"].items():
        replica.schedule.kept[key].copy_(value)
    replica.selection.smallest = float(found["other"]["smallest"])
    replica.loss = found["other"]["loss"].to(replica.loss.device)
    replica.renew_points(found["other"]["state_of_points"])


def _without_moments(shapes: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {name: shape for name, shape in shapes.items() if not name.startswith("moments/")}


def _tensors(replica: Replica) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield all of them with their names: group/key."""
    for group, network in (("network", replica.network), ("kept", replica.kept)):
        yield from ((f"{group}/{key}", value) for key, value in network.state_dict().items())
    for index, moments in replica.optimiser.state_dict()["state"].items():
        yield from ((f"moments/{index}/{key}", torch.as_tensor(value)) for key, value in moments.items())
    yield from ((f"schedule/{key}", value) for key, value in replica.schedule.kept.items())
    other = {
        "rate": torch.as_tensor(rate(replica.optimiser), dtype=torch.float64),
        "smallest": torch.tensor(replica.selection.smallest, dtype=torch.float64),
        "loss": replica.loss,
        "state_of_points": replica.state_of_points,
    }
    yield from ((f"other/{key}", value) for key, value in other.items())
