"""Records of ensembles of primitives, as runs of `thesis_on_cpu` leave them."""

from __future__ import annotations

import numpy as np
from sample_records import full

import methods
from benchmarks.experiments import thesis_on_cpu
from benchmarks.running.replica_figures import by_n_replicas
from methods.core import names

LAYER = {
    "activation_mean": 0.1, "activation_std": 0.2, "second_mean": 0.0, "second_std": 0.3, "mixed_mean": 0.0,
    "mixed_std": 0.4, "dead_share": 0.25,
}  # fmt: skip


def stage(n_updates, loss, digits, spreads=(1e-2, 1e-3)):
    """Return a look at a training, with that spread of each layer's gradients."""
    return {
        "fit_s": n_updates / 100, "n_updates": n_updates, "digits_mean": digits + 0.5, "learning_rate": 0.01,
        "loss": loss, "validation_loss": loss, "label_digits_mean": digits, "label_digits_std": 0.5,
        "layers": [LAYER | {"gradient_std": spread} for spread in spreads],
    }  # fmt: skip


STAGES = [stage(25, 1e-2, 1.0), stage(100, 1e-3, 2.0), stage(400, 1e-4, 3.0, (1e-4, 1e-3))]


def ensemble(row, digits=3.0, n_replicas=3, **changes):
    """Return a full-length run of that row; its replicas are independent and normal."""
    name, fields = names.parse_spec(thesis_on_cpu.specs()[row])
    params = methods.create(name, **fields).params()
    params = {key: value for key, value in params.items() if key not in ("seed", "device")}
    noise = np.random.default_rng(0).normal(0, 10**-digits, (n_replicas, 40))
    made = {
        "method": name, "params": params, "integral": thesis_on_cpu.INTEGRAL, "threads": 1, "digits_mean": digits,
        "budget_s": thesis_on_cpu.BUDGET_S, "n_updates": params["n_updates"], "diagnostics": STAGES,
        "by_n_replicas": by_n_replicas(1 + noise, np.ones(40), np.zeros(40)),
    }  # fmt: skip
    return full(**made | changes)
