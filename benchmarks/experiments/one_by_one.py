"""Methods that integrate one phase-space point after the other: their settings, from coarse to fine.

Each has a knob for accuracy. pySecDec's is `epsrel`, the relative error at which it stops: with 1 it stops at its first
lattice, or at the least number of samples. Of Cuba's integrators `maxeval` is ten times its default, so that `epsrel`
decides for longer.
"""

from __future__ import annotations

EPSREL = ("1", "1e-2", "1e-4", "1e-6", "1e-8", "1e-10")
"""Relative errors asked of pySecDec."""

CUBA = ("vegas", "suave", "divonne", "cuhre")

MAXEVAL = 10_000_000
"""Evaluations that Cuba may take for each term, at 50 ns and more each."""

PYSECDEC = {
    "pysecdec_qmc": tuple(f"pysecdec_qmc,workers=1,epsrel={epsrel}" for epsrel in EPSREL),
    "pysecdec_qmc_pylink": tuple(f"pysecdec_qmc_pylink,workers=1,epsrel={epsrel}" for epsrel in EPSREL),
    **{
        f"pysecdec_cuba_{name}": tuple(
            f"pysecdec_cuba,workers=1,integrator={name},maxeval={MAXEVAL},epsrel={epsrel}" for epsrel in EPSREL
        )
        for name in CUBA
    },
}
"""Knob -> methods as on the command line."""

EVERYWHERE = ("pysecdec_qmc", "pysecdec_qmc_pylink", "pysecdec_cuba_divonne", "pysecdec_cuba_cuhre")
"""Knobs on all integrals of the curves. The others run on two only: for 1e-4 Cuba's Vegas needs ten times as long as
Divonne on box1l, and Suave a hundred times."""

LIBRARIES = (tuple(PYSECDEC)[1:], tuple(PYSECDEC)[:1])
"""Knobs that share a library: the one of all but `pysecdec_qmc` takes a minute or two to compile."""

SAMPLING = {
    "vegas": tuple(f"vegas,n_samples={n}" for n in (2_000, 20_000, 200_000)),
    "scipy_qmc": tuple(f"scipy_qmc,points={n}" for n in (1_024, 16_384, 262_144)),
}

KNOBS = PYSECDEC | SAMPLING
