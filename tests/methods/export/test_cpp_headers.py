"""Guard rails of exported headers: nan, points outside the box, errors by the same evaluation, memory on the stack."""

from __future__ import annotations

import functools
import itertools
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from integrals import product

import methods
from methods.export.targets import export

NETWORK = {"n_labels": 60, "n_updates": 3, "labels": "label_methods:Exact"}
FITS = {
    "table": ("chebyshev", {"max_labels": 200, "labels": "label_methods:Exact"}),
    "networks": ("deep_ensemble", {"width": 8, "depth": 1, "n_replicas": 2, **NETWORK}),
}
FLAGS = {"O2": ["-O2"], "fast": ["-O3", "-ffast-math"]}

MAIN = """
#include <cmath>
#include <cstdio>
#include <vector>
#include "header.hpp"
bool differ(double x, double y) { return std::abs(x - y) > 1e-5 * std::abs(y); }
int main() {
  std::vector<double> s(2 * 21), out(6 * 21, 7.0);
  if (std::fread(s.data(), 8, s.size(), stdin) != s.size()) return 1;
  for (int i = 0; i < 21; i++) {
    out[i] = header(&s[2 * i]);
    out[42 + i] = header_error(&s[2 * i]);
    double error = 0;
    if (i < 7 && differ(header_with_error(&s[2 * i], &error), out[i])) return 2;
    if (i < 7 && std::abs(error - out[42 + i]) > 1e-3 * error) return 3;
    try { header_checked(&s[2 * i]); out[105 + i] = 0; } catch (const std::out_of_range&) { out[105 + i] = 1; }
  }
  header_batch(21, s.data(), &out[21]);
  header_error_batch(21, s.data(), &out[63]);
  std::vector<double> value(21);
  header_with_error_batch(21, s.data(), value.data(), &out[84]);
  for (int i = 0; i < 7; i++)
    if (differ(value[i], out[21 + i])) return 4;
  try { header_batch_checked(21, s.data(), value.data()); return 5; } catch (const std::out_of_range&) { }
  value[0] = 0;
  header_batch_checked(7, s.data(), value.data());
  if (differ(value[0], out[21])) return 6;
  std::fwrite(out.data(), 8, out.size(), stdout);
  return 0;
}
"""

NAMES = ("value", "batch", "error", "error_batch", "with_error_batch", "checked")


@functools.cache
def fitted(key: str):
    name, fields = FITS[key]
    return methods.create(name, **fields).fit(product(2))


def compiled(folder: Path, method, flags: list[str], main: str = MAIN) -> Path:
    """Compile a program with the header of a method."""
    if shutil.which("g++") is None:
        pytest.skip("there is no g++")
    export(method, "cpp", folder / "header.hpp")
    (folder / "main.cpp").write_text(main)
    command = ["g++", "-std=c++17", "-Wall", "-Werror", *flags, "main.cpp", "-o", "main", "-pthread"]
    subprocess.run(command, cwd=folder, check=True, timeout=300)
    return folder / "main"


def points() -> np.ndarray:
    """Seven points of the box, seven with a coordinate that is no number, and seven outside."""
    inside = product(2).sample(7, seed=1)
    no_number, outside = inside.copy(), inside.copy()
    cases = [*itertools.product((np.nan, np.inf, -np.nan), (0, 1)), (-np.inf, 0)]
    for i, (value, column) in enumerate(cases):
        no_number[i, column] = value
    outside[:4, 0], outside[4:, 1] = 0.9, 2.1
    return np.concatenate([inside, no_number, outside])


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("key", FITS)
def test_nan_and_points_outside(key, flags, tmp_path):
    program = compiled(tmp_path, fitted(key), FLAGS[flags])
    said = subprocess.run([program], input=points().tobytes(), capture_output=True, check=True).stdout
    found = dict(zip(NAMES, np.frombuffer(said).reshape(6, 3, 7), strict=True))
    for name in ("value", "batch"):
        np.testing.assert_array_equal(np.isnan(found[name]), np.array([False, True, False])[:, None].repeat(7, 1))
    for name in ("error", "error_batch", "with_error_batch"):
        np.testing.assert_array_equal(np.isnan(found[name]), np.array([False, True, True])[:, None].repeat(7, 1))
    np.testing.assert_array_equal(found["checked"], np.array([0, 1, 1])[:, None].repeat(7, 1))
    estimate = fitted(key).integrate(points()[:7])
    np.testing.assert_allclose(found["value"][0], estimate.value, rtol=1e-5)
    np.testing.assert_allclose(found["with_error_batch"][0], estimate.error, rtol=1e-3)


ON_A_SMALL_STACK = """
#include <pthread.h>
#include "header.hpp"
double s[32 * 2], value[32], error[32];
void* evaluate(void*) {
  header_batch(32, s, value);
  header_with_error_batch(32, s, value, error);
  return nullptr;
}
int main() {
  for (double& each : s) each = 1.5;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (pthread_attr_setstacksize(&attributes, 256 << 10)) return 1;
  pthread_t thread;
  if (pthread_create(&thread, &attributes, evaluate, nullptr)) return 2;
  pthread_join(thread, nullptr);
  return value[31] == value[31] && error[31] == error[31] ? 0 : 3;
}
"""


@pytest.mark.parametrize("flags", ["-O0", "-O2"])
def test_batches_fit_on_the_stack_of_a_thread(flags, tmp_path):
    """A hundred draws of three layers of 48, as many as by default, took 573 kB when each step had its own memory."""
    method = methods.create("bayesian_mlp", n_labels=60, n_updates=1, labels="label_methods:Exact").fit(product(2))
    program = compiled(tmp_path, method, [flags], ON_A_SMALL_STACK)
    assert subprocess.run([program], check=False).returncode == 0
