"""Packages that a method needs and that need not be installed."""

from __future__ import annotations

import importlib.util


def reason_if_missing(module: str, package: str) -> str | None:
    """Say that a package is not installed, as `Method.unsupported` does; None where its module is found."""
    if importlib.util.find_spec(module):
        return None
    return f"the package {package} is not installed; 'make .venv' installs all that the methods need"
