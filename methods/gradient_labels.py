"""Labels with derivatives, from direct methods that know them.

Such a method has one more function beside those of `methods.base.Method`, as `gauss_legendre` does:

    integrate_with_gradient(s) -> (Estimate, ∂I/∂s (n, m))
"""

from __future__ import annotations

import time

import numpy as np

from methods.base import Estimate, InputError
from methods.labels import PURCHASES, Purchase, Shop


class GradientShop(Shop):
    """Sells I(s) with ∂I/∂s; see `methods.labels.Shop`."""

    def buy_with_gradient(self, s: np.ndarray) -> tuple[Estimate, np.ndarray]:
        """Return I(s), its error, and ∂I/∂s (n, m); a label with its derivatives counts as one label.

        Raises
        ------
        InputError
            Where the method gives no derivatives.
        """
        method = self._method
        if not hasattr(method, "integrate_with_gradient"):
            raise InputError(f"{method.name} gives no derivatives of I(s); buy labels from gauss_legendre for them.")
        start = time.perf_counter()
        estimate, gradient = method.integrate_with_gradient(s)
        seconds = time.perf_counter() - start
        self.seconds_per_label = seconds / max(1, len(s))
        purchases = PURCHASES.get()
        if purchases is not None:
            purchases.append(Purchase(len(s), seconds, estimate.n_eval))
        return estimate, gradient
