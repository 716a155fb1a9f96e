"""Figures of merit: by hand on a few numbers, and as statistics say on many."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.running import metrics

TRUE = np.array([1.0, 2.0, -4.0, 10.0])
NO_ERROR = np.zeros(4)


def test_figures_by_hand():
    value = TRUE * (1 + np.array([1e-1, -9e-3, 1e-3, 1e-4]))
    figures = metrics.summary(value, np.full(4, np.nan), TRUE, NO_ERROR)
    digits = -np.log10([1e-1, 9e-3, 1e-3, 1e-4])
    assert figures["digits_mean"] == pytest.approx(digits.mean())
    assert figures["digits_median"] == pytest.approx(np.median(digits))
    assert figures["digits_worst"] == pytest.approx(1.0)
    assert figures["digits_std"] == pytest.approx(digits.std())
    assert figures["rel_err_max"] == pytest.approx(0.1)
    assert figures["frac_within_1pct"] == 0.75
    assert figures["delta_mean"] == pytest.approx((0.1 - 0.009 + 0.001 + 0.0001) / 4)
    assert figures["r_mean"] == pytest.approx(np.mean(np.log10([1.1, 0.991, 1.001, 1.0001])))
    assert figures["n_points"] == 4


def test_without_claimed_errors_there_are_no_pulls():
    figures = metrics.summary(TRUE, np.array([0.1, 0.1, np.nan, 0.1]), TRUE, NO_ERROR)
    assert [figures[key] for key in ("pull_mean", "pull_std", "coverage_1sigma", "coverage_3sigma")] == [None] * 4
    assert metrics.histograms(TRUE, np.full(4, np.nan), TRUE, NO_ERROR)["pull"] is None


def test_exact_values_have_seventeen_digits_and_no_infinity():
    figures = metrics.summary(TRUE, NO_ERROR, TRUE, NO_ERROR)
    assert figures["digits_mean"] == pytest.approx(17)
    assert figures["pull_mean"] == 0
    assert None not in figures.values()


def test_gaussian_errors_are_honest_and_halved_ones_are_not():
    rng = np.random.default_rng(1)
    true = np.ones(20_000)
    error = rng.uniform(0.001, 0.01, true.size)
    value = true + error * rng.standard_normal(true.size)
    for claimed, coverage in ((error, 0.683), (error / 2, 0.383)):
        figures = metrics.summary(value, claimed, true, np.zeros(true.size))
        assert figures["coverage_1sigma"] == pytest.approx(coverage, abs=0.015)
    assert metrics.summary(value, error, true, np.zeros(true.size))["pull_std"] == pytest.approx(1, abs=0.02)


def test_the_error_of_the_truth_enters_the_pull():
    pull = metrics.pulls(np.array([1.5]), np.array([0.3]), np.array([1.0]), np.array([0.4]))
    np.testing.assert_allclose(pull, 1.0)


def test_digits_of_complex_values_are_those_of_their_parts_relative_to_the_modulus():
    true = np.array([3.0 + 4.0j, 1.0j])  # moduli 5 and 1
    value = true + np.array([5e-2 + 5e-4j, 1e-3 - 1e-5j])
    figures = metrics.summary(value, np.full(2, np.nan), true, np.zeros(2))
    assert figures["digits_re"] == pytest.approx((2 + 3) / 2)
    assert figures["digits_im"] == pytest.approx((4 + 5) / 2)
    assert figures["digits_mean"] == pytest.approx((2 + 3) / 2, abs=1e-3)
    assert not {"digits_re", "digits_im"} & set(metrics.summary(TRUE, NO_ERROR, TRUE, NO_ERROR))


def test_the_pull_of_a_complex_value_is_that_of_its_distance():
    true = np.array([1.0 + 1.0j, 2.0j])
    value = true + np.array([3.0 - 4.0j, 0.0])
    np.testing.assert_allclose(metrics.pulls(value, np.array([3.0, 0.0]), true, np.array([4.0, 0.0])), [1.0, 0.0])


def test_histograms_count_every_point_and_clip_what_lies_beyond():
    value = np.concatenate([TRUE, TRUE * 1e6])
    found = metrics.histograms(value, np.full(8, 1e-300), np.tile(TRUE, 2), np.zeros(8))
    for histogram in found.values():
        assert sum(histogram["counts"]) == 8
        assert len(histogram["edges"]) == len(histogram["counts"]) + 1
    assert found["r"]["counts"][-1] == 4


def test_classes_without_points_are_left_out():
    masks = {"0": np.array([True, True, False, True]), "3+": np.zeros(4, bool)}
    figures, histograms = metrics.by_class(TRUE, NO_ERROR, TRUE, NO_ERROR, masks)
    assert set(figures) == set(histograms) == {"0"}
    assert figures["0"]["n_points"] == 3
