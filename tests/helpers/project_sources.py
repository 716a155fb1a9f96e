"""The sources of the project's packages, for tests that look at all of them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.versioning.sources import PACKAGES

ROOT = Path(__file__).resolve().parents[2]

Sources = dict[str, str]
"""Module name -> source."""


def project_sources() -> Sources:
    """Read all modules of the project; a package has the name of its folder."""
    sources = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            sources[name] = path.read_text(encoding="utf-8")
    return sources
