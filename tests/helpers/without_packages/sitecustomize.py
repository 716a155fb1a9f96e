"""Make packages unimportable that machines with a GPU may lack, where this folder is on an interpreter's path."""

import sys

for _name in ("pySecDec", "pySecDecContrib", "xgboost", "platformdirs", "asv"):
    sys.modules[_name] = None
