"""Points, boxes and model files that are not what they should be: refused in one sentence, or treated rightly."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from broken_methods import Exact
from integrals import callable_integral, product

import methods
from methods.base import InputError, ParametricIntegral
from methods.core import storage
from methods.core.storage import StorageError

pytestmark = pytest.mark.usefixtures("one_thread")

INTEGRAL = product(2)

TINY = {
    "gauss_legendre": {"epsrel": 1e-6},
    "chebyshev": {"epsrel": 1e-4},
    "lattice_qmc": {"points": 128, "transform": "tent", "a": 0.0},
    "neural_primitive": {"width": 20, "n_replicas": 2, "n_updates": 1},
    "dense_mlp": {"n_labels": 100, "n_updates": 5, "depth": 2, "width": 16},
}


@pytest.fixture(scope="module", params=TINY)
def fitted(request):
    return methods.create(request.param, **TINY[request.param]).fit(INTEGRAL)


# ----- points ---------------------------------------------------------------------------------------------------------

GOOD = [[1.25, 1.75], [1.5, 1.0], [1.125, 1.25]]


def masked(mask):
    return np.ma.masked_array(GOOD, mask=mask)


STRANGE = {
    "complex": (np.array(GOOD) + 1e-300j, "got complex numbers; give their real parts"),
    "complex without imaginary part": (np.array(GOOD) + 0j, "got complex numbers"),
    "complex list": ([[1.5 + 0j, 1.5]], "got complex numbers"),
    "masked": (masked([[0, 0], [0, 1], [0, 0]]), "got masked entries; leave out their rows"),
    "masked rows": ([np.ma.masked_array([1.5, 1.5], mask=[1, 0])], "got masked entries"),
    "numbers as text": ([["1.5", "1.5"]], "got text; convert it to numbers"),
    "array of text": (np.array([["1.5", "1.5"]]), "got text"),
    "array of bytes": (np.array([[b"1.5", b"1.5"]]), "got bytes"),
    "text": ("1.5, 1.5", "got text"),
    "dict": ({"s1": [1.5], "s2": [1.5]}, "got objects that are not plain numbers"),
    "None": (None, "got objects"),
    "objects": (np.array(GOOD, dtype=object), "got objects"),
    "huge whole numbers": ([[10**400, 1]], "got objects"),
    "truth values": ([[True, True]], "got truth values"),
    "dates": (np.zeros((1, 2), dtype="M8[s]"), r"got the dtype datetime64\[s\]"),
    "ragged": ([[1.5, 1.5], [1.5]], "got a list that is no array of numbers"),
    "tensor with gradient": (torch.tensor(GOOD, requires_grad=True), "got a Tensor that is no array of numbers"),
    "table without a column": (pd.DataFrame(GOOD, columns=["s1", "s3"]), "a table without s2 and with unknown s3"),
    "table with one more": (pd.DataFrame([[1.5] * 3], columns=["s1", "s2", "w"]), "a table with unknown w;"),
    "table with numbers as names": (pd.DataFrame(GOOD), "a table without s1, s2 and with unknown 0, 1"),
    "table with a column twice": (pd.DataFrame([[1.5] * 3], columns=["s1", "s2", "s2"]), "with repeated columns"),
    "table of text": (pd.DataFrame({"s1": ["1.5"], "s2": ["1.5"]}), "got objects"),
    "series": (pd.Series([1.5, 1.5]), r"got shape \(2,\)"),
    "nothing": ([], r"got shape \(0,\)"),
}


@pytest.mark.parametrize("what", STRANGE)
def test_what_are_no_points_is_refused_in_one_sentence(fitted, what):
    s, message = STRANGE[what]
    with pytest.raises(InputError, match=message) as problem:
        fitted.integrate(s)
    assert str(problem.value).startswith("product2 takes s (n, 2) of real numbers, columns ('s1', 's2'); got ")
    assert str(problem.value).index(".") == len(str(problem.value)) - 1
    assert "\n" not in str(problem.value)


def read_only(s):
    s.flags.writeable = False
    return s


def unaligned(s):
    memory = np.zeros(s.nbytes + 1, dtype=np.uint8)
    shifted = memory[1:].view(np.float64).reshape(s.shape)
    shifted[:] = s
    return shifted


SAME = {
    "list": np.ndarray.tolist,
    "backwards": lambda s: s[::-1, ::-1].copy()[::-1, ::-1],
    "column by column": np.asfortranarray,
    "every other row": lambda s: np.repeat(s, 2, axis=0)[::2],
    "read-only": read_only,
    "unaligned": unaligned,
    "big-endian": lambda s: s.astype(">f8"),
    "float32": lambda s: s.astype(np.float32),
    "tensor": torch.tensor,
    "masked array without a masked entry": np.ma.masked_array,
    "table": lambda s: pd.DataFrame(s, columns=["s1", "s2"]),
    "table in another order": lambda s: pd.DataFrame({"s2": s[:, 1], "s1": s[:, 0]}, index=[7, 5, 3][: len(s)]),
}


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("what", SAME)
def test_the_same_points_in_other_memory_give_the_same_values(fitted, what, n):
    s = np.array(GOOD)[:n]
    expected = fitted.integrate(s)
    found = fitted.integrate(SAME[what](s.copy()))
    np.testing.assert_array_equal(found.value, expected.value)
    np.testing.assert_array_equal(found.error, expected.error)


def test_backwards_is_what_torch_refuses():
    # Also of one row, whose negative strides NumPy calls contiguous.
    for s in (np.array(GOOD), np.array(GOOD)[:1]):
        with pytest.raises(ValueError, match="negative"):
            torch.as_tensor(SAME["backwards"](s))


def test_whole_numbers_are_points(fitted):
    whole = np.array([[1, 2], [2, 1]])
    np.testing.assert_array_equal(fitted.integrate(whole).value, fitted.integrate(whole.astype(float)).value)


@dataclasses.dataclass(kw_only=True)
class InPlace(Exact):
    """Works in the array of points that it gets from `check`."""

    name: ClassVar[str] = "in_place"

    def integrate(self, s):
        s = self.integral_.check(s)
        s -= 1
        s += 1
        s[:] = 1.0
        return super().integrate(s)


def test_a_method_that_works_in_place_leaves_the_callers_points():
    s = INTEGRAL.sample(3, seed=0)
    before = s.copy()
    method = InPlace().fit(INTEGRAL)
    method.integrate(s)
    method.integrate(read_only(s))
    np.testing.assert_array_equal(s, before)


# ----- boxes and fingerprints -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"low": (-1e308,), "high": (1e308,)}, r"every width high - low must be below 1\.8e308"),
        ({"parameters": ("s1", "s1"), "low": (1, 1), "high": (2, 2)}, "s1, s1 must all have different names"),
        ({"parameters": ("m^2",)}, r"the parameter 'm\^2' is not a name"),
        ({"parameters": ("",)}, "the parameter '' is not a name"),
        ({"parameters": ("2s",)}, "the parameter '2s' is not a name"),
        ({"low": (1e-308,), "high": (1e308,), "draw": "log-uniform"}, "low and high of one sign and a finite ratio"),
        ({"low": (-1e308,), "high": (-1e-308,), "draw": "log-uniform"}, "low and high of one sign and a finite ratio"),
        ({"low": (0.0,), "high": (1.0,), "draw": "log-uniform"}, "needs low and high of one sign"),
    ],
)  # fmt: skip
def test_boxes_that_cannot_be_drawn_from_are_refused(fields, message):
    with pytest.raises(InputError, match=f"Integral mine: .*{message}"):
        callable_integral(lambda s, x: s[..., 0] + x[..., 0], **fields)


@pytest.mark.parametrize("draw", ["uniform", "log-uniform"])
def test_the_widest_boxes_work(draw):
    fields = {"low": (1e-150,), "high": (1e150,)} if draw == "log-uniform" else {"low": (-8e307,), "high": (8e307,)}
    integral = callable_integral(lambda s, x: s[..., 0] * 0 + x[..., 0], draw=draw, **fields)
    assert np.isfinite(integral.check(integral.sample(100, seed=0))).all()
    np.testing.assert_allclose(methods.create("gauss_legendre").fit(integral).integrate([integral.low]).value, 0.5)


@pytest.mark.parametrize("k", [77, 78, 200])
def test_integrals_of_many_variables_have_a_fingerprint(k, tmp_path):
    def wide(last):
        return ParametricIntegral(
            name="wide", k=k, parameters=("s1",), low=(1.0,), high=(2.0,),
            integrand=lambda s, x: s[..., 0] * (x[..., :-1].sum(axis=-1) + last * x[..., -1]),
        )  # fmt: skip

    assert wide(1.0).fingerprint() == wide(1.0).fingerprint()
    assert wide(1.0).fingerprint() != wide(1.001).fingerprint()
    method = methods.create("lattice_qmc", points=64, transform="identity", a=0.0).fit(wide(1.0))
    assert method.integrate([[1.0]]).value == pytest.approx(k / 2, rel=0.05)
    method.save(tmp_path / "m")
    assert type(method).load(tmp_path / "m", wide(1.0)).params() == method.params()
    with pytest.raises(StorageError, match=r"holds an integral in plain Python \[\w+\], but wide \["):
        type(method).load(tmp_path / "m", wide(1.001))


# ----- model files ----------------------------------------------------------------------------------------------------

FAMILIES = ("chebyshev", "neural_primitive", "dense_mlp")


@pytest.fixture(scope="module", params=FAMILIES)
def saved(request, tmp_path_factory):
    """Return a fitted method and the file that it was saved to."""
    path = tmp_path_factory.mktemp("models") / request.param
    method = methods.create(request.param, **TINY[request.param]).fit(INTEGRAL)
    method.save(path)
    return method, path


def flipped(content, random):
    damaged = bytearray(content)
    for position in random.integers(len(content), size=random.integers(1, 4)):
        damaged[position] ^= 1 << random.integers(8)
    return bytes(damaged)


def cut(content, random):
    return content[: random.integers(len(content))]


def overwritten(content, random):
    start, length = random.integers(len(content)), random.integers(1, 64)
    return content[:start] + random.bytes(length) + content[start + length :]


def longer(content, random):
    return content + random.bytes(random.integers(1, 64))


def with_swapped_arrays(content, random):
    """Return the file as a sound zip in which two arrays have each other's name, with the old checksum."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    one, other = random.choice(sorted(set(members) - {"__header__.npy"}), size=2, replace=False)
    members[one], members[other] = members[other], members[one]
    swapped = io.BytesIO()
    with zipfile.ZipFile(swapped, "w") as archive:
        for name, member in members.items():
            archive.writestr(str(name), member)
    return swapped.getvalue() + content[-storage.CHECKSUM_BYTES :]


DAMAGES = (flipped, cut, overwritten, longer, with_swapped_arrays)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_model_is_refused_or_gives_the_same_values(saved, damage, tmp_path):
    method, path = saved
    content, s = path.read_bytes(), INTEGRAL.sample(5, seed=4)
    values, refused = method.integrate(s).value, 0
    for seed in range(300 // len(DAMAGES)):
        (tmp_path / "damaged").write_bytes(damage(content, np.random.default_rng(seed)))
        try:
            again = type(method).load(tmp_path / "damaged", INTEGRAL)
        except StorageError as problem:
            refused += 1
            assert "\n" not in str(problem)  # noqa: PT017
        else:
            np.testing.assert_array_equal(again.integrate(s).value, values)
    assert refused > 0
    np.testing.assert_array_equal(type(method).load(path, INTEGRAL).integrate(s).value, values)


LOST = {
    "chebyshev": ("coefficients_", lambda value: value[:-1]),
    "neural_primitive": ("replicas.c", lambda value: value[:1]),
    "dense_mlp": ("network.0.weight", lambda value: value.T),
}


def test_a_sound_file_with_other_arrays_is_refused(saved, tmp_path):
    # As another version of the method would write it: the checksum is right.
    method, path = saved
    header, arrays = storage.read(path)
    key, changed = LOST[method.name]
    others = {
        "without": {name: value for name, value in arrays.items() if name != key},
        "changed": arrays | {key: changed(arrays[key])},
        "text": arrays | {key: np.array("text")},
    }
    for name, state in others.items():
        storage.write(tmp_path / name, header, state)
        with pytest.raises(StorageError, match="save it again"):
            type(method).load(tmp_path / name, INTEGRAL)


def test_a_file_of_another_format_is_refused(saved, tmp_path, monkeypatch):
    method, path = saved
    header, arrays = storage.read(path)
    monkeypatch.setattr(storage, "FORMAT", "loopmark-method-2")
    storage.write(tmp_path / "old", header, arrays)
    monkeypatch.undo()
    with pytest.raises(StorageError, match="is not of the format loopmark-method-3; save the method again"):
        type(method).load(tmp_path / "old", INTEGRAL)


def test_a_file_of_another_version_of_the_method_is_refused(saved, tmp_path, monkeypatch):
    method, path = saved
    cls, version = type(method), method.version
    monkeypatch.setattr(cls, "version", version + 1)
    message = (
        rf"holds version {version} of {cls.name}, but this is version {version + 1}.*fit the method again and save"
    )
    with pytest.raises(StorageError, match=message):
        cls.load(path, INTEGRAL)
    monkeypatch.undo()
    assert cls.load(path, INTEGRAL).params() == method.params()


def test_what_this_machine_lacks_is_no_damage(tmp_path):
    method = methods.create("dense_mlp", **TINY["dense_mlp"]).fit(INTEGRAL)
    method.save(tmp_path / "m")
    header, arrays = storage.read(tmp_path / "m")
    storage.write(tmp_path / "m", header | {"params": header["params"] | {"device": "no_such_device"}}, arrays)
    with pytest.raises(InputError, match="which torch cannot use here"):
        type(method).load(tmp_path / "m", INTEGRAL)
