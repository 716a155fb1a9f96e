"""Coordinates at a threshold, and the pieces into which it cuts a box."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from methods.core.threshold_coordinates import ThresholdCoordinate
from methods.tables import threshold_pieces
from methods.tables.coordinates import Coordinates
from references.integrals import physical

RANGES = [(4.0, 4.5, 30.0), (4.0, -30.0, 3.9), (-2.0, -9.0, -2.5), (-2.0, -1.0, 8.0)]
"""Threshold, low, high."""


@pytest.mark.parametrize(("threshold", "low", "high"), RANGES)
def test_z_vanishes_at_the_threshold_and_is_inverted(threshold, low, high):
    coordinate = ThresholdCoordinate.of_range(threshold, low, high)
    s = np.linspace(low, high, 20)
    z = coordinate.z(s)
    assert (z > 0).all()
    assert coordinate.z(np.array([threshold]))[0] == 0
    np.testing.assert_allclose(coordinate.s(z), s, rtol=1e-13)
    np.testing.assert_allclose(coordinate.z(torch.as_tensor(s)).numpy(), z, rtol=1e-14)
    np.testing.assert_allclose(coordinate.slope(s), (coordinate.z(s + 1e-6) - coordinate.z(s - 1e-6)) / 2e-6, rtol=1e-6)


def test_the_rapidity_is_the_inverse_hyperbolic_tangent_of_the_velocity():
    s = np.array([4.5, 9.0, 30.0])
    z = ThresholdCoordinate(4.0, above=True).z(s)
    np.testing.assert_allclose(np.tanh(z), np.sqrt(1 - 4 / s))
    np.testing.assert_allclose(z, np.log((np.sqrt(s) + np.sqrt(s - 4)) / 2))


def test_coordinates_with_a_threshold_are_inverse_to_each_other():
    low, high, t = np.array([4.5, -30.0]), np.array([30.0, -3.0]), np.array([4.0, 0.0])
    coordinates = Coordinates(low, high, np.array([-1.0, 4.0]), t)
    s = np.random.default_rng(0).uniform(low, high, (50, 2))
    u = coordinates.u(torch.as_tensor(s)).T.numpy()
    assert np.abs(u).max() <= 1
    np.testing.assert_allclose(coordinates.s(u), s, rtol=1e-13)
    np.testing.assert_allclose(coordinates.u_of(0, s[:, 0]), u[:, 0], atol=1e-14)
    ahead, behind = (coordinates.u(torch.as_tensor(s + step)).T.numpy() for step in (1e-6, -1e-6))
    np.testing.assert_allclose(coordinates.slope(s), (ahead - behind) / 2e-6, rtol=1e-6)


def test_no_candidate_lies_between_a_box_and_its_threshold():
    low, high, t = np.array([4.5, -30.0]), np.array([30.0, -3.0]), np.array([4.0, 0.0])
    coordinates = Coordinates(low, high, np.zeros(2), t)
    highest = ThresholdCoordinate(4.0, above=True).z(30.0)
    candidates = coordinates.candidates(0)
    assert ((candidates < 0) | (candidates > highest)).all()
    without = coordinates.candidates(1)
    assert ((without < -30) | (without > -3)).all()


def test_a_box_across_a_threshold_has_a_real_piece_and_a_complex_one():
    integral = physical.box1l_crossing()
    below, above = threshold_pieces.pieces(integral, np.array([4.0, 0.0, 0.0]))
    assert not below.integral.is_complex
    assert above.integral.is_complex
    assert below.integral.low == integral.low
    assert above.integral.high == integral.high
    assert 3.9 < below.integral.high[0] < 4 < above.integral.low[0] < 4.1
    s = np.array([[3.0, -5.0, 1.0], [4.0, -5.0, 1.0], [5.0, -5.0, 1.0]])
    for piece, expected in ((below, [True, False, False]), (above, [False, True, True])):
        ends = np.array(piece.integral.low), np.array(piece.integral.high)
        np.testing.assert_array_equal(Coordinates(*ends, np.zeros(3), piece.thresholds).are_on_their_side(s), expected)


def test_without_a_threshold_inside_there_is_one_piece():
    integral = physical.box1l_physical()
    for thresholds in ([4.0, 0.0, 0.0], [0.0, 0.0, 0.0]):
        (piece,) = threshold_pieces.pieces(integral, np.array(thresholds))
        assert piece.integral.is_complex
        assert (piece.integral.low, piece.integral.high) == (integral.low, integral.high)


@pytest.mark.parametrize(
    ("low", "high", "n_pieces"), [(3.999, 8.0, 2), (3.999, 4.001, 2), (4.0, 8.0, 1), (4.001, 4.002, 1)]
)
def test_every_point_has_a_piece_however_close_the_box_is(low, high, n_pieces):
    integral = dataclasses.replace(physical.bubble_physical(), low=(low,), high=(high,))
    found = threshold_pieces.pieces(integral, np.array([4.0]))
    assert len(found) == n_pieces
    s = np.linspace(low, high, 41)[:, None]
    sides = [
        Coordinates(np.array(piece.integral.low), np.array(piece.integral.high), np.array([-1.0]), piece.thresholds)
        for piece in found
    ]
    together = np.array([coordinates.are_on_their_side(s) for coordinates in sides])
    assert (together.sum(axis=0) == 1).all()
    for coordinates, rows in zip(sides, together, strict=True):
        assert np.isfinite(coordinates.u(torch.as_tensor(s[rows])).numpy()).all()
