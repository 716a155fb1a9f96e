"""What is compared: the registry of methods. Read `methods/base.py` first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from methods.core import names

if TYPE_CHECKING:
    from methods.base import Method

METHODS: dict[str, str] = {
    "gauss_legendre": "methods.gauss_legendre:GaussLegendre",
    "chebyshev": "methods.chebyshev:Chebyshev",
    "lattice_qmc": "methods.lattice_qmc:LatticeQMC",
    "neural_primitive": "methods.neural_primitive:NeuralPrimitive",
    "separable_primitive": "methods.separable_primitive:SeparablePrimitive",
    "primitive_corrected": "methods.primitive_corrected:PrimitiveCorrected",
    "published_primitive": "methods.published_primitive:PublishedPrimitive",
    "pysecdec_qmc": "methods.pysecdec_qmc:PySecDecQMC",
    "pysecdec_qmc_pylink": "methods.pysecdec_qmc_pylink:PySecDecQMCPylink",
    "pysecdec_cuba": "methods.pysecdec_cuba:PySecDecCuba",
    "dense_mlp": "methods.dense_mlp:DenseMLP",
    "skip_mlp": "methods.skip_mlp:SkipMLP",
    "bayesian_mlp": "methods.bayesian_mlp:BayesianMLP",
    "deep_ensemble": "methods.deep_ensemble:DeepEnsemble",
    "differential_mlp": "methods.differential_mlp:DifferentialMLP",
    "boosted_trees": "methods.boosted_trees:BoostedTrees",
}
"""Name -> "module:Class", imported only when asked for."""


def create(name: str, **fields: Any) -> Method:
    """Return the method `name` (registered, or "module:Class") with the given hyperparameters.

    Raises
    ------
    InputError
        For an unknown method or field, or a value of the wrong kind.
    """
    return names.create(name, fields, METHODS)
