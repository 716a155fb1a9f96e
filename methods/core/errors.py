"""The error for input that cannot be used, raised by everything that takes input from people."""


class InputError(ValueError):
    """Input that cannot be used; the message says what was given, what is allowed and what to do."""


class NotFitted(InputError, AttributeError):
    """A method is asked for what only `fit` or `load` gives it; an AttributeError, too, so that `hasattr` is False."""


class NoCausalContour(InputError):
    """No contour was found on which the polynomial of the prescription keeps to its side of the zeros."""
