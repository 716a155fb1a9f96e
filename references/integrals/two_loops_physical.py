"""Two-loop integrals above threshold: F changes sign in the cube, stands for F − i0, and I(s) is complex.

    box2l_physical, box2l_hh, box2l_low     I2, a sector of the planar double box (`double_box.py`)
    box2l_sum_physical                      the whole planar double box, 18 sectors (references/loops/box2l.json)
    pentabox_s33_physical                   a sector of the planar pentagon-box, k = 7 (references/loops/pentabox.json)

At a corner of the cube F is affine in s, and where it vanishes there, at a *corner zero*, no contour can be led around.
Of I2 there are 26 different ones in the box of box2l_low; others reach up to s12 = 20.5, or begin at 29, and the boxes
of box2l_physical and box2l_hh lie between those. The sector of the pentagon-box has a threshold of its own at s12 = 8,
and no corner zero for s12 between 9.4 and 12.5. Of the whole double box, 14 of the 18 sectors have corner zeros in the
box of box2l_physical, at four places, where single sectors are not analytic in s but their sum is:

    s12 = 14 − s14/2 − mH2,   14 − s14/2 − 2 mH2,   16 − s14 − 2 mH2,   12.5 − s14/2 − 1.5 mH2

``references.sectors.singularities`` finds all of them by algebra.

notation: m_t² = 1; s12, s14, … are the papers' invariants over m_t².
"""

from __future__ import annotations

import dataclasses

from methods.base import ParametricIntegral
from references.integrals import catalogue, double_box
from references.integrals.physical import HIGGS, Ranges
from references.sectors import sector_files

BETWEEN: Ranges = {"s12": (21.0, 28.5), "s14": (-30.0, -3.0), "mH2": (0.5, 1.5)}
"""Box without corner zeros of I2."""

LOW: Ranges = {"s12": (5.0, 16.0), "s14": (-30.0, -3.0), "mH2": (0.5, 1.5)}
"""Box with corner zeros of I2 inside."""

PENTABOX: Ranges = {
    "s12": (9.5, 12.0), "s23": (-12.0, -3.0), "s34": (0.5, 1.5), "s45": (0.5, 1.5), "s51": (-12.0, -3.0),
}  # fmt: skip
"""Box without corner zeros of the sector of the pentagon-box, with two legs coming in."""


def box2l_physical() -> ParametricIntegral:
    """Return I2 above threshold."""
    return double_box.sector("box2l_physical", BETWEEN, prescription="F")


def box2l_hh() -> ParametricIntegral:
    """Return I2 at the masses of Higgs boson and top quark."""
    ranges = {"s12": (21.0, 30.0), "s14": BETWEEN["s14"]}
    return double_box.sector("box2l_hh", ranges, mass=str(HIGGS), prescription="F")


def box2l_low() -> ParametricIntegral:
    """Return I2 closer to threshold, where corner zeros cross the box."""
    return double_box.sector("box2l_low", LOW, prescription="F")


def box2l_sum_physical() -> ParametricIntegral:
    """Return the whole planar double box above threshold, as the sum of its sectors."""
    return _above("box2l", "box2l_sum", BETWEEN, "box2l_sum_physical")


def pentabox_s33_physical() -> ParametricIntegral:
    """Return a sector of the planar pentagon-box above threshold."""
    return _above("pentabox", "pentabox_s33", PENTABOX, "pentabox_s33_physical")


def _above(file: str, integral: str, ranges: Ranges, name: str) -> ParametricIntegral:
    """Return an integral of a file of sectors over another box, above threshold."""
    low, high = zip(*ranges.values(), strict=True)
    euclidean = sector_files.integral(catalogue.FOLDER / f"{file}.json", integral)
    return dataclasses.replace(euclidean, name=name, low=low, high=high, prescription="F")
