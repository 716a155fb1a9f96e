"""Labels with derivatives, from direct methods that know them.

Such a method is a `methods.base.GivesLabelGradients`, as `gauss_legendre` is.
"""

from __future__ import annotations

import time
from typing import cast

import numpy as np

from methods.base import Estimate, GivesLabelGradients, InputError, Method
from methods.surrogates.labels import EVALUATIONS_SEEN, LabelSource


class GradientLabelSource(LabelSource):
    """Computes I(s) with ∂I/∂s; see `methods.surrogates.labels.LabelSource`.

    Raises
    ------
    InputError
        Where the method gives no derivatives, too.
    """

    def compute_with_gradient(self, s: np.ndarray) -> tuple[Estimate, np.ndarray]:
        """Compute I(s), its error, and ∂I/∂s (n, m); a label with its derivatives counts as one label."""
        start, counted = time.perf_counter(), EVALUATIONS_SEEN.get()()
        estimate, gradient = cast(GivesLabelGradients, self.method).integrate_with_gradient(s)
        self._note(len(s), estimate.n_eval, start, counted)
        return estimate, gradient

    def _require_suitable(self, method: Method) -> None:
        if not isinstance(method, GivesLabelGradients):
            raise InputError(f"{method.name} gives no derivatives of I(s); take labels from gauss_legendre for them.")
