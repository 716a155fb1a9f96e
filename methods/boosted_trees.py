"""Direct regression of I(s) by boosted decision trees (XGBoost).

The prediction is a sum of trees T_r, piecewise constant in s,

    y(s) = η Σ_r T_r(s),

each fitted to what the trees before it leave of a standardised target made from I(s) (`targets.py`). Bishara, Paul
and Dy, *Skip connections for high precision regressors*, NeurIPS ML4PS 2022, table 1, find them the best regressors
in few dimensions, with 10 million labels. Their setting is ``max_depth=20, learning_rate=0.01, n_trees=5000,
reg_lambda=1.0``; a minute is enough for one of those trees in five, so the defaults take fewer and larger steps.

A complex I(s) has trees for its real part and others for its imaginary part. Trees split the labels by their order
along each invariant, so that they need no coordinate that opens a threshold.

notation: η = learning_rate; max-depth = max_depth.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch

from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.core.batches import in_batches
from methods.core.budget import Clock
from methods.core.packages import reason_if_missing
from methods.core.storage import StorageError
from methods.surrogates import complex_parts, symmetry, targets

EARLY_STOPPING = 25
"""Trees without improvement on the validation set after which boosting stops (the papers' code)."""

MIN_GAIN = 1e-5
"""Smallest fall of the validation error, in standard deviations of the target, that counts as an improvement. Without
it boosting on box1l went on for a minute, from 390 to 700 trees, and stayed at 3.29 digits."""

SHOW_EVERY = 20
"""Trees between two calls of the monitor."""

RESERVE = 0.03
"""Share of the time left at the end: copying the best trees took 1.2 % of a minute (700 trees, 47 MB)."""

CHUNK = 65_536
"""Rows evaluated at once: bounds the memory of `integrate`."""

BOOSTERS = ("booster", "booster_of_imaginary_part")
"""Names in files."""


@dataclass(kw_only=True)
class BoostedTrees(Method):
    """Gradient boosting of I(s) by XGBoost.

    Parameters
    ----------
    target : str
        What is learnt of a real integral, one of `targets.TARGETS`; a complex one is learnt itself. On box1l `ratio`
        is worth 0.4 digits over `log`.
    labels : str
        The direct method that labels come from, as on the command line.
    n_labels : int
        Labels to compute, one in five for validation; fewer where they would take too much of the budget.
    symmetry : str
        Kinematic invariants that may be exchanged, joined by colons, as ``mA2:mB2`` of box1l_4d; "" uses none.
    max_depth : int
        Depth of a tree (papers: 10 to 50).
    learning_rate : float
        Factor on each tree (papers: 0.01, baseline 0.1).
    n_trees : int
        Trees at most (papers: 5,000), for each part of a complex integral. A run repeats another one with the `n_trees`
        and `n_labels` of its `details_`, as long as the budget ended neither part, nor cut the label method short.
    subsample : float
        Share of the labels that each tree sees (papers: 1).
    max_bin : int
        Thresholds tried per kinematic invariant.
    reg_lambda : float
        Penalty on the squared leaf values: XGBoost's default of 1 shrinks leaves of few labels, which are exact here.
    seed : int
        Of the labelled points and of the subsamples.

    Notes
    -----
    The error is global: the root mean square residual of the validation labels, which training saw only to choose
    the number of trees, and the errors that these labels state where neighbouring ones err alike, added in quadrature.
    It does not know where in the box the trees are worse. That of a complex value is √(σ_Re² + σ_Im²).
    """

    name: ClassVar[str] = "boosted_trees"
    source: ClassVar[str] = "Bishara, Paul & Dy, NeurIPS ML4PS 2022, table 1 (BDT)"
    version: ClassVar[int] = 2
    treats_complex: ClassVar[bool] = True
    precision = "float32"  # XGBoost's, of features, thresholds and leaves

    target: str = "ratio"
    labels: str = "gauss_legendre"
    n_labels: int = 400_000
    symmetry: str = ""
    max_depth: int = 12
    learning_rate: float = 0.1
    n_trees: int = 5_000
    subsample: float = 1.0
    max_bin: int = 1024
    reg_lambda: float = 0.0
    seed: int = 0

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Return that xgboost is missing, where it is."""
        return super().unsupported(integral) or reason_if_missing("xgboost", "xgboost")

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Compute labels and add trees within `budget`; `monitor` is called after every 20 trees.

        Raises
        ------
        InputError
            Where xgboost is missing, or for an unknown target, a setting it refuses or labels that cannot be learnt.
        """
        clock = Clock(budget)
        self._require_supported(integral)
        if self.n_trees < 1:
            raise InputError(f"boosted_trees.n_trees is {self.n_trees}; give at least 1.")
        self.integral_ = integral
        self._target = targets.make(self.target, integral)
        exchangeable = symmetry.columns(self.symmetry, integral)
        examples = targets.examples(integral, self._target, self.labels, self.n_labels, self.seed, clock, exchangeable)
        self.mean_, self.scale_ = examples.mean, examples.scale
        of_parts = complex_parts.parts(examples.y)
        self.boosters_: list[Any] = []
        self.residual_, self.n_updates_ = examples.label_error, 0
        rms = []
        for i, y in enumerate(of_parts):
            is_last = i == len(of_parts) - 1
            rms.append(self._boost(examples, y, clock.share(1 / (len(of_parts) - i)), monitor if is_last else None))
        self.details_ = {
            **examples.details,
            "n_trees": self.n_updates_,
            "validation_rms": math.hypot(*rms),
            "best_n_trees": max(booster.num_boosted_rounds() for booster in self.boosters_),
        }
        return self

    @in_batches
    def integrate(self, s: np.ndarray) -> Estimate:
        """Return the predictions; one row gives exactly what it gives in a batch.

        `n_eval` is the integrand at the centre, once per row, where the target needs it.
        """
        s = symmetry.fold(self.integral_.check(s), symmetry.columns(self.symmetry, self.integral_))
        of_parts = np.empty((len(self.boosters_), len(s)))
        for start in range(0, len(s), CHUNK):
            rows = slice(start, start + CHUNK)
            for booster, y in zip(self.boosters_, of_parts, strict=True):
                y[rows] = booster.inplace_predict(s[rows])
        y = complex_parts.joined(torch.as_tensor(of_parts)).numpy()
        value, slope = self._target.decode(s, self.mean_ + self.scale_ * y)
        return Estimate(value, self.residual_ * slope, self._target.n_eval * len(s))

    def _boost(
        self, examples: targets.Examples, y: np.ndarray, clock: Clock, monitor: Callable[[Self], None] | None
    ) -> float:
        """Add trees for one part y (n,) of the targets, to those of the parts before it.

        That goes on until the time is over or the validation set stops to improve; the best number of trees is kept.
        Returns the root mean square residual of the part's validation labels.
        """
        import xgboost

        n, n_threads = examples.n_train, _n_threads()
        settings = {
            "tree_method": "hist",
            "max_depth": self.max_depth,
            "learning_rate": self.learning_rate,
            "subsample": self.subsample,
            "max_bin": self.max_bin,
            "reg_lambda": self.reg_lambda,
            "base_score": 0.0,  # the targets are standardised
            "seed": self.seed,
            "nthread": n_threads,
            "verbosity": 0,
        }
        binning = {"max_bin": self.max_bin, "nthread": n_threads}
        history: dict[str, dict[str, list[float]]] = {}
        reserve = RESERVE * clock.left if clock.is_limited else 0.0
        last = time.perf_counter()
        others, residual_of_others = self.boosters_, self.residual_

        def take(booster: Any, rms: float) -> None:
            self.boosters_ = [*others, booster]
            self.residual_ = math.hypot(residual_of_others, rms * self.scale_)

        def after_tree(booster: Any, n_trees: int, rms: float) -> bool:
            nonlocal last
            took = time.perf_counter() - last
            if n_trees % SHOW_EVERY == 0:
                take(booster, rms)
                clock.show(monitor, self)
            last = time.perf_counter()
            return clock.left < reserve + 2 * took

        try:
            train = xgboost.QuantileDMatrix(examples.s[:n], y[:n], **binning)
            valid = xgboost.QuantileDMatrix(examples.s[n:], y[n:], ref=train, **binning)
            # Early stopping comes first: callbacks after one that says stop are skipped, and the last tree counts.
            stopping = xgboost.callback.EarlyStopping(rounds=EARLY_STOPPING, min_delta=MIN_GAIN, save_best=True)
            booster = xgboost.train(
                settings, train, self.n_trees, evals=[(valid, "valid")], evals_result=history, verbose_eval=False,
                callbacks=[stopping, _callback(after_tree)],
            ).reset()  # fmt: skip
        except xgboost.core.XGBoostError as problem:
            reason = str(problem).partition("Stack trace")[0].strip().replace("\n", " ")
            raise InputError(f"XGBoost refuses the fields of boosted_trees; change them: {reason}") from problem
        residuals = history["valid"]["rmse"]
        best = residuals[booster.num_boosted_rounds() - 1]
        take(booster, best)
        self.n_updates_ = max(self.n_updates_, len(residuals))
        return best

    def _state(self) -> dict[str, np.ndarray]:
        scalars = {key: np.asarray(getattr(self, key)) for key in ("mean_", "scale_", "residual_", "n_updates_")}
        boosters = [np.frombuffer(booster.save_raw("ubj"), dtype=np.uint8) for booster in self.boosters_]
        return (
            scalars | {"n_bytes_": np.array([len(b) for b in boosters])} | dict(zip(BOOSTERS, boosters, strict=False))
        )

    def _restore(self, state: dict[str, Any]) -> None:
        if reason := self.unsupported(self.integral_):
            raise InputError(f"boosted_trees cannot be loaded: {reason.removesuffix('.')}.")
        import xgboost

        self._target = targets.make(self.target, self.integral_)
        try:
            files = [bytearray(state[key].tobytes()) for key in BOOSTERS[: 2 if self.integral_.is_complex else 1]]
            if [len(file) for file in files] != state["n_bytes_"].tolist():  # XGBoost reads on, and the process ends
                raise StorageError("The file's trees are cut short; save boosted_trees again.")
            self.boosters_ = [xgboost.Booster({"nthread": _n_threads()}, model_file=file) for file in files]
            self.mean_, self.scale_, self.residual_ = (state[key].item() for key in ("mean_", "scale_", "residual_"))
            self.n_updates_ = int(state["n_updates_"])
        except (KeyError, xgboost.core.XGBoostError) as problem:
            raise StorageError(f"The file's trees cannot be read; save boosted_trees again: {problem}") from problem


def _callback(after_tree: Callable[[Any, int, float], bool]) -> Any:
    """Return an XGBoost callback that hands booster, number of trees and validation error on; true stops."""
    import xgboost

    class AfterTree(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            return after_tree(model, epoch + 1, evals_log["valid"]["rmse"][-1])

    return AfterTree()


def _n_threads() -> int:
    """Return the number of CPUs that this process may use, or what OMP_NUM_THREADS limits it to."""
    n_cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(n_cpus, int(limit)) if limit.isdigit() and int(limit) else n_cpus
