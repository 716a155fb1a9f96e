"""Ensembles against their number of replicas: the figures, and the command."""

from __future__ import annotations

import json

import numpy as np

from benchmarks import replicas
from benchmarks.experiments import replicas as experiment


def test_figures_of_an_ensemble(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(replicas, "N_REPLICAS", 3)
    arguments = ["--method", "neural_primitive,width=60,n_updates=1", "--budget", "20", "--out", str(tmp_path)]
    assert replicas.main(arguments) == 0
    assert replicas.main(arguments) == 0
    (run,) = json.loads((tmp_path / experiment.FILE).read_text())
    first, *others = run["entries"]
    assert first["n"] == 1
    assert "spread" not in first
    for entry in others:
        spread, mean = entry["spread"], entry["mean"]
        assert spread["within_1"] > mean["within_1"]
        np.testing.assert_allclose(
            spread["log10_error_ratio"] - mean["log10_error_ratio"], np.log10(entry["n"]) / 2, rtol=1e-6
        )
        assert entry["digits"] > 2
    (table,) = experiment.tables([run])
    assert len(table.rows) == 3
    assert capsys.readouterr().out.count("box1l") == 6
