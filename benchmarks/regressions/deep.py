"""Timing regressions of mixed derivative and corner sum, by asv; `mixed_speed` compares them with other ways."""

from __future__ import annotations

from benchmarks.regressions.deep_contenders import CORNERS, STEPS, Shape

SHAPES = {
    "k = 3, 4 × 100, 4096 points": Shape(3, 4, 100, 4096),
    "k = 6, 4 × 30, 1024 points": Shape(6, 4, 30, 1024),
}


class MixedPartial:
    """One training step, forward and backward, and one evaluation at as many points."""

    params = (tuple(SHAPES),)
    param_names = ("shape",)
    timeout = 120.0
    repeat = (2, 100, 3.0)

    def setup(self, name: str) -> None:
        """Make both once, which compiles the kernels."""
        if not hasattr(self, "step"):
            self.step, self.corners = STEPS["this"](SHAPES[name]), CORNERS["corner sum"](SHAPES[name])
            self.step(), self.corners()

    def time_step(self, name: str) -> None:
        """Seconds for ∂^k N/∂x1…∂xk and its gradient in the weights."""
        self.step()

    def time_corner_sum(self, name: str) -> None:
        """Seconds for the signed sum over the corners."""
        self.corners()
