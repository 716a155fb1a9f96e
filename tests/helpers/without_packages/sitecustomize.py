"""Hide packages that machines with a GPU may lack, where this folder is on an interpreter's path."""

import sys
from importlib.machinery import PathFinder

MODULES = {"pySecDec", "pySecDecContrib", "xgboost", "platformdirs", "asv"}
DISTRIBUTIONS = {"pysecdec", "xgboost-cpu", "platformdirs", "asv"}


class FinderWithout:
    """Finds what `PathFinder` does, but for these."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Find a module."""
        return None if name.partition(".")[0] in MODULES else PathFinder.find_spec(name, path, target)

    @staticmethod
    def find_distributions(*arguments):
        """Find installed packages, plugins of pytest among them."""
        return (found for found in PathFinder.find_distributions(*arguments) if found.name not in DISTRIBUTIONS)

    @staticmethod
    def invalidate_caches():
        """Forget what folders hold."""
        PathFinder.invalidate_caches()


sys.meta_path[:] = [FinderWithout if finder is PathFinder else finder for finder in sys.meta_path]
