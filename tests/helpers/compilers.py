"""The mark of tests that need a C++ compiler."""

from __future__ import annotations

import pytest

from methods.core import build_cache

needs_compiler = pytest.mark.skipif(not build_cache.has_compiler(), reason="there is no C++ compiler")
