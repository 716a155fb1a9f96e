"""The methods that are compared, one file each, and the registry of them. Read `methods/base.py` first.

    create("gauss_legendre", order=8)

What a method is made of lies in the folder of its family: `quadrature` (nodes and weights), `primitives` and `deep`
(networks whose mixed derivative is the integrand), `surrogates` (regression of I(s) from labels), `tables` (polynomials
in s that interpolate labels), `secdec` (pySecDec's compiled integrators). `core` serves all of them, `papers` has the
settings that papers print, `export` writes fitted methods for other programs.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any

from methods.base import InputError, Method, ParametricIntegral
from methods.core import largest_values, storage
from methods.core.field_values import is_plain, kinds_of_fields, value_of_kind
from methods.core.names import attribute, unknown

METHODS: dict[str, str] = {
    "gauss_legendre": "methods.gauss_legendre:GaussLegendre",
    "chebyshev": "methods.chebyshev:Chebyshev",
    "gaussian_process": "methods.gaussian_process:GaussianProcess",
    "rbf": "methods.rbf:RBF",
    "total_degree": "methods.total_degree:TotalDegree",
    "tensor_train": "methods.tensor_train:TensorTrain",
    "learned_contour": "methods.learned_contour:LearnedContour",
    "lattice_qmc": "methods.lattice_qmc:LatticeQMC",
    "scipy_qmc": "methods.scipy_qmc:ScipyQMC",
    "vegas": "methods.vegas_sampling:Vegas",
    "vegas_map": "methods.vegas_map:VegasMap",
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

NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")
"""Pattern of a method's name, which is a key of records, a part of file names and a word on command lines."""


def is_method(value: Any) -> bool:
    """Tell whether this is a class to make methods of: a dataclass that inherits Method and leaves nothing abstract."""
    is_class = isinstance(value, type) and issubclass(value, Method)
    return is_class and dataclasses.is_dataclass(value) and not inspect.isabstract(value)


def create(name: str, **fields: Any) -> Method:
    """Make the method `name`, registered or "module:Class", with the given hyperparameters.

    A value takes the form that its field has: 1e4 for a whole number becomes 10000, and 1 for any number becomes 1.0.

    Raises
    ------
    InputError
        For an unknown method or field, a field without value, a value of another kind than the field's annotation, or
        a class whose name, version or hyperparameters no record can hold.
    """
    if name not in METHODS and ":" not in name:
        raise unknown("method", name, METHODS)
    target = METHODS.get(name, name)
    cls = attribute(target, is_method)
    if not is_method(cls):
        raise InputError(
            f"{target!r} is not a method: a keyword-only dataclass that inherits methods.base.Method and has fit and "
            "integrate."
        )
    if problem := _problem_of_class(cls):
        raise InputError(f"{target!r} {problem}")
    known = {field.name: field for field in dataclasses.fields(cls) if field.init}
    for field in fields:
        if field not in known:
            raise unknown(f"field of {name}", field, known)
    for field, about in known.items():
        if field not in fields and about.default is about.default_factory is dataclasses.MISSING:
            raise InputError(f"{name} needs a value of {field}; give {name},{field}=value.")
    kinds = kinds_of_fields(cls)
    method = cls(**{
        field: value_of_kind(f"{name}.{field}", value, kinds[field], known[field].default)
        for field, value in fields.items()
    })  # fmt: skip
    _check_values(name, method)
    for field, value in method.params().items():
        if not is_plain(value):
            raise InputError(
                f"{name}.{field} is {value!r}, which a record cannot hold; give None, True or False, a number, text, "
                "or a list or dict of these."
            )
    return method


def _check_values(name: str, method: Method) -> None:
    """Refuse what no registered method can do; a class of one's own may mean what it likes by its fields."""
    if name not in METHODS:
        return
    params = method.params()
    epsrel = params.get("epsrel")
    if isinstance(epsrel, float) and not epsrel > 0:
        raise InputError(f"{name}.epsrel is {epsrel!r}; give a relative error above 0.")
    if problem := largest_values.problem(params):
        raise InputError(f"{name}.{problem}.")


def load(path: Any, integral: ParametricIntegral | None = None) -> Method:
    """Read a fitted method that `Method.save` wrote, whichever it is; without an integral, for the formula in the file.

    Raises
    ------
    StorageError
        For a file that is none or damaged, of a method that is not registered, or of another integral or version.
    """
    header, _ = storage.read(path)
    if header.get("method") not in METHODS:
        raise storage.StorageError(
            f"{path} holds {header.get('method')!r}, which is not registered; load it by its class."
        )
    return attribute(METHODS[header["method"]], is_method).load(path, integral)


def _problem_of_class(cls: type[Method]) -> str | None:
    """Return why no record can be of this class, or None."""
    name = getattr(cls, "name", None)
    if type(name) is not str or not NAME.fullmatch(name):
        shown = repr(name) if len(repr(name)) <= 80 else f"{repr(name)[:80]}…"
        return f"has the name {shown}; set name to 1 to 60 letters, digits, dots, dashes and underscores."
    if type(cls.version) is not int or cls.version < 1:
        return f"has the version {cls.version!r}; set version to a positive whole number."
    return None
