"""What the workers of pytest-xdist (`make test` starts two) must not share."""

from __future__ import annotations

import os
import tempfile


def pytest_configure(config):
    """Give each worker a temporary folder of its own, and with it the harness's lock: see `benchmarks.run`.

    Runs of two workers would otherwise take each other for runs of one suite, and give no timings.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        return
    folder = tempfile.TemporaryDirectory(prefix=f"loopmark-{worker}-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    os.environ["TMPDIR"] = tempfile.tempdir = folder.name  # the second for this process, which may have looked before
