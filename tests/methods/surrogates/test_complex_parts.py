"""Complex values as one or two real outputs, and back."""

from __future__ import annotations

import numpy as np
import torch

from methods.surrogates import complex_parts


def test_parts_and_joined_are_inverse():
    for values in (np.array([1 + 2j, -3j]), np.array([0.5, -4.0])):
        parts = complex_parts.parts(values)
        assert len(parts) == (2 if np.iscomplexobj(values) else 1)
        np.testing.assert_array_equal(complex_parts.joined(torch.as_tensor(np.stack(parts))).numpy(), values)
        for of_array, of_tensor in zip(parts, complex_parts.parts(torch.as_tensor(values)), strict=True):
            np.testing.assert_array_equal(of_tensor.numpy(), of_array)


def test_joined_has_double_precision():
    outputs = torch.ones(2, 3, dtype=torch.float32)
    assert complex_parts.joined(outputs).dtype == torch.complex128
    assert complex_parts.joined(outputs[:1]).dtype == torch.float64
