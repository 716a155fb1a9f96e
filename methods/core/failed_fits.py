"""Nothing of an earlier fit is left in a method, also where the new one raises: a method without a fit says so."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from methods.core.errors import NotFitted

Fit = TypeVar("Fit", bound=Callable[..., Any])


def forgetting_earlier(fit: Fit) -> Fit:
    """Return a method's `fit` that drops ``measured_`` first and, where it raises, ``integral_``.

    Digits measured of an earlier fit would else be taken for those of this one, and its rules or tables would give
    values for the integral whose fit failed: without ``integral_`` `integrate` raises NotFitted. An interrupt counts as
    a failure, since rules are half made then.
    """

    @functools.wraps(fit)
    def guarded(self: Any, *arguments: Any, **options: Any) -> Any:
        self.measured_ = None
        try:
            return fit(self, *arguments, **options)
        except BaseException:
            vars(self).pop("integral_", None)
            raise

    return guarded  # type: ignore[return-value]


def wrap_fit(cls: type) -> None:
    """Replace the `fit` that a class defines by one that is `forgetting_earlier`; an inherited one is so already."""
    if callable(fit := vars(cls).get("fit")):
        cls.fit = forgetting_earlier(fit)  # type: ignore[attr-defined]


class _NoIntegral:
    """Stands for ``integral_`` where no fit has set it: asking for it raises NotFitted."""

    def __get__(self, method: Any, owner: type) -> Any:
        if method is None:
            return self
        raise NotFitted(f"{method.name} is not fitted; call fit or load it first.")


NO_INTEGRAL: Any = _NoIntegral()
"""Default of the attribute ``integral_`` of a method."""
