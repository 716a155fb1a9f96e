"""SVG files: the same every time, small, with names as they are; and colours that everybody can tell apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from benchmarks.figures import drawing


def line(name="a", unit=1.0):
    """Make a function that draws a line and its name."""

    def draw(axes):
        axes.plot([0.0, unit], [0.0, unit])
        axes.text(0.5, 0.5, name, transform=axes.transAxes)

    return draw


def test_the_same_chart_gives_the_same_bytes():
    assert drawing.svg(line(), 2.0) == drawing.svg(line(), 2.0) != drawing.svg(line("b"), 2.0)


def test_a_dollar_in_a_name_is_text():
    assert "a$b$c" in drawing.svg(line("a$b$c"), 2.0)


def test_what_draws_nothing_is_left_out_and_labels_keep_their_digits():
    text = drawing.svg(line(unit=0.005), 2.0)
    assert ">0.002<" in text
    assert "<!--" not in text
    assert "<metadata" not in text
    assert len(text) < 8_000


def test_powers_of_ten_are_plain_text():
    def draw(axes):
        axes.plot([1e-3, 1e2], [1, 2])
        axes.set_xscale("log")
        drawing.label_powers_of_ten(axes)

    assert ">10⁻²<" in drawing.svg(draw, 2.0)


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("shade", "paper"), [(0, "#ffffff"), (1, "#16181c")])
def test_colours_have_contrast_on_light_and_on_dark(shade, paper):
    for pair in drawing.COLOURS:
        low, high = sorted([luminance(pair[shade]), luminance(paper)])
        assert (high + 0.05) / (low + 0.05) >= 3, pair


@pytest.mark.parametrize("shade", [0, 1])
def test_colours_differ_for_the_colour_blind(shade):
    """Under the deuteranope's and protanope's projections of Viénot, Brettel & Mollon (1999), in linear RGB."""
    blind = {
        "protan": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
        "deutan": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
    }
    colours = [[int(pair[shade][i : i + 2], 16) / 255 for i in (1, 3, 5)] for pair in drawing.COLOURS]
    for matrix in blind.values():
        seen = [np.clip(np.array(matrix) @ np.array(c) ** 2.2, 0, 1) ** (1 / 2.2) for c in colours]
        nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
        assert nearest > 0.08
