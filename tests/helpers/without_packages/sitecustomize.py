"""Make packages unimportable that machines with a GPU were seen to lack, in interpreters with this folder on the path."""

import sys

for _name in ("pySecDec", "pySecDecContrib", "xgboost", "platformdirs", "asv"):
    sys.modules[_name] = None
