"""An asv environment that downloads nothing: this interpreter's packages, and the project of the commit in question."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from asv.plugins.virtualenv import Virtualenv


class Linked(Virtualenv):
    """Empty but for a link to the packages of this interpreter, which what is installed here comes before."""

    tool_name = "linked"

    @property
    def site(self) -> Path:
        """Where packages lie."""
        return Path(self._path, "lib", f"python{self._python}", "site-packages")

    def _setup(self):
        command = [sys.executable, "-m", "virtualenv", "--quiet", "--no-seed", "-p", sys.executable, self._path]
        subprocess.run(command, check=True)
        (self.site / "linked.pth").write_text(sysconfig.get_path("purelib"))

    def _build_project(self, repo, commit_hash, build_dir):
        """Nothing to build: the kernels are compiled when first needed."""

    def _uninstall_project(self):
        self._set_installed_commit_hash(None)

    def _install_project(self, repo, commit_hash, build_dir):
        for package in ("methods", "references", "benchmarks"):
            shutil.rmtree(self.site / package, ignore_errors=True)
            shutil.copytree(Path(build_dir, package), self.site / package)
