"""What a `fit` that fails leaves behind: a method that has no integral, as before its first fit."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

Fit = TypeVar("Fit", bound=Callable[..., Any])


def forgotten_if_it_fails(fit: Fit) -> Fit:
    """Return a method's `fit` that removes ``integral_`` where it raises, so that `integrate` raises, too.

    Rules or tables of an earlier fit would else give values for the integral whose fit failed.
    """

    @functools.wraps(fit)
    def guarded(self: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return fit(self, *arguments, **options)
        except BaseException:
            vars(self).pop("integral_", None)
            raise

    return guarded  # type: ignore[return-value]
