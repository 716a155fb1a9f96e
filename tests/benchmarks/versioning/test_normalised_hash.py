"""The hash that guards versions: blind to where code lies, and to nothing that it computes."""

from __future__ import annotations

import importlib
import re
import shutil

import pytest

import methods
from benchmarks.versioning import sources
from benchmarks.versioning.normalised_hash import Normaliser
from benchmarks.versioning.sources import OwnModules

FILES = {
    "pack/__init__.py": "",
    "pack/rule.py": '''
"""A rule."""
import math
import numpy as np
from pack import helpers as tools
from pack.base import Base, order as count

LIMIT = 3
TABLE = {"sum": tools.total, "flat": lambda x: x}


@tools.noted
class Rule(Base):
    """Sum."""

    step: float = 0.5

    def fit(self, n: int = LIMIT) -> float:
        """Fit."""
        values = [math.sqrt(i) for i in range(count(n))]
        return TABLE["sum"](np.array(values)) * self.step
''',
    "pack/base.py": """
from pack.deep.numbers import FIRST


class Base:
    first = FIRST

    def half(self, x):
        return x / 2


def order(n):
    return n + 1
""",
    "pack/deep/__init__.py": "",
    "pack/deep/numbers.py": "FIRST = 7\nUNUSED = 1\n",
    "pack/helpers.py": """
from pathlib import Path

SOURCE = Path("kernel.cpp")
NOTED = {}
NOTED["always"] = 1


def noted(cls):
    NOTED[cls.__name__] = cls
    return cls


def total(x):
    return _scaled(x).sum() + len(SOURCE.name)


def _scaled(x):
    return 2 * x
""",
    "pack/kernel.cpp": "int a = 1;  // one\n",
}


def written(folder, changes):
    """Write FILES with (file, old text, new text) changed; None for a text takes the file as a whole."""
    files = dict(FILES)
    for name, old, new in changes:
        if old is None:
            files[name] = new
        else:
            assert old in files[name]
            files[name] = files[name].replace(old, new)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    importlib.invalidate_caches()


@pytest.fixture
def hash_after(tmp_path, monkeypatch):
    """Return a function from changes of FILES to the hash of the rule."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def hash_after(*changes, target="pack.rule:Rule"):
        shutil.rmtree(tmp_path / "pack", ignore_errors=True)
        written(tmp_path, changes)
        return Normaliser(OwnModules(target)).hash(target)

    return hash_after


MOVED = FILES["pack/helpers.py"]
HELPERS, SCALED = MOVED[: MOVED.index("def _scaled")], MOVED[MOVED.index("def _scaled") :]
BASE = FILES["pack/base.py"]

HARMLESS = {
    "docstrings": [("pack/rule.py", '"""Sum."""', '"""Another sum.\n\n    With notes.\n    """')],
    "comments and layout": [("pack/rule.py", "LIMIT = 3", "LIMIT = (\n    3  # three\n)\n\n\n")],
    "annotations": [("pack/rule.py", "n: int = LIMIT) -> float", "n=LIMIT)"), ("pack/rule.py", "float =", "object =")],
    "names of imports": [("pack/rule.py", "np", "numpy"), ("pack/rule.py", "import numpy as numpy", "import numpy")],
    "aliases": [("pack/rule.py", "order as count", "order"), ("pack/rule.py", "count(n)", "order(n)")],
    "import of a name": [
        ("pack/rule.py", "import math", "from math import sqrt"), ("pack/rule.py", "math.sqrt", "sqrt"),
    ],
    "import of a module": [
        ("pack/rule.py", "from pack import helpers as tools", "import pack.helpers"),
        ("pack/rule.py", "tools.", "pack.helpers."),
    ],
    "import of its parts": [
        ("pack/rule.py", "from pack import helpers as tools", "from .helpers import noted, total as t"),
        ("pack/rule.py", "tools.total", "t"),
        ("pack/rule.py", "tools.noted", "noted"),
    ],
    "import in a function": [
        ("pack/rule.py", "from pack.base import Base, order as count", "from pack.base import Base"),
        ("pack/rule.py", "        values =", "        from pack.base import order as count\n\n        values ="),
    ],
    "import of everything": [("pack/rule.py", "from pack.base import Base, order as count", "from pack.base import *"),
                             ("pack/rule.py", "count(n)", "order(n)")],
    "imports for type checkers": [
        ("pack/rule.py", "import math", "import math, typing\nif typing.TYPE_CHECKING:\n    from pack.x import y"),
    ],
    "order of definitions": [("pack/helpers.py", MOVED, HELPERS.replace("def noted", SCALED + "\n\ndef noted"))],
    "a helper in another module": [
        ("pack/helpers.py", SCALED, ""),
        ("pack/helpers.py", "from pathlib", "from pack.base import _scaled\nfrom pathlib"),
        ("pack/base.py", "def order", SCALED + "\n\ndef order"),
    ],
    "a helper in a sub-package": [
        ("pack/helpers.py", SCALED, ""),
        ("pack/helpers.py", "from pathlib", "from .deep.scaling import _scaled\nfrom pathlib"),
        ("pack/deep/scaling.py", None, SCALED),
    ],
    "a module renamed, and re-exported": [
        ("pack/base.py", None, "from pack.deep.foundation import Base, order\n"),
        ("pack/deep/foundation.py", None, BASE),
    ],
    "a C++ file renamed, its comments": [
        ("pack/helpers.py", "kernel.cpp", "kernels.cpp"),
        ("pack/kernels.cpp", None, "/* a */ int a = 1;\n"),
    ],
    "what is not used": [("pack/deep/numbers.py", "UNUSED = 1", "UNUSED = 2")],
}  # fmt: skip


@pytest.mark.parametrize("changes", HARMLESS.values(), ids=HARMLESS)
def test_the_hash_is_blind_to(hash_after, changes):
    assert hash_after(*changes) == hash_after()


MEANT = {
    "a constant": [("pack/rule.py", "LIMIT = 3", "LIMIT = 4")],
    "a default": [("pack/rule.py", "step: float = 0.5", "step: float = 0.25")],
    "a field that is none any more": [("pack/rule.py", "step: float", "step: ClassVar[float]")],
    "an operator": [("pack/rule.py", "* self.step", "+ self.step")],
    "a library's function": [("pack/rule.py", "import math", "import cmath as math")],
    "a helper two imports away": [("pack/deep/numbers.py", "FIRST = 7", "FIRST = 8")],
    "a helper's helper": [("pack/helpers.py", "2 * x", "3 * x")],
    "a base class": [("pack/base.py", "x / 2", "x / 4")],
    "another definition of the same name": [
        ("pack/deep/numbers.py", "UNUSED = 1", "def order(n):\n    return n - 1"),
        ("pack/rule.py", "from pack.base import Base, order as count",
         "from pack.base import Base\nfrom pack.deep.numbers import order as count"),
    ],
    "a table": [("pack/rule.py", "lambda x: x}", "lambda x: -x}")],
    "what runs on import": [("pack/helpers.py", 'NOTED["always"] = 1', 'NOTED["always"] = 2')],
    "what a decorator notes on import": [
        ("pack/helpers.py", "def total", "@noted\nclass Another:\n    pass\n\n\ndef total")
    ],
    "a module imported for what it does": [
        ("pack/rule.py", "import math", "import math\nimport pack.deep.effect"),
        ("pack/deep/effect.py", None, "from pack import helpers\nhelpers.NOTED.clear()\n"),
    ],
    "a C++ line": [("pack/kernel.cpp", "1;", "2;")],
}  # fmt: skip


@pytest.mark.parametrize("changes", MEANT.values(), ids=MEANT)
def test_the_hash_sees(hash_after, changes):
    assert hash_after(*changes) != hash_after()


@pytest.mark.parametrize(
    ("old", "new"), [("fast", "faster"), ("numbers import FIRST as f", "numbers import UNUSED as f")]
)
def test_an_import_that_may_fail_counts_by_what_it_brings(hash_after, old, new):
    attempt = (
        "import math\ntry:\n    from fast import f\nexcept ImportError:\n    from pack.deep.numbers import FIRST as f\n"
    )
    found = [
        hash_after(("pack/rule.py", "import math", text), ("pack/rule.py", "count(n)", "count(f)"))
        for text in (attempt, attempt.replace(old, new))
    ]
    assert found[0] != found[1]


def test_definitions_of_one_name_are_told_apart(hash_after):
    """Where both are in use, exchanging them leaves the set of definitions as it is."""
    both = [
        ("pack/deep/numbers.py", "UNUSED = 1", "def order(n):\n    return n - 1"),
        ("pack/rule.py", "LIMIT = 3", "from pack.deep.numbers import order as other\nLIMIT = other(4)"),
    ]
    exchanged = [("pack/rule.py", "count(n)", "other(n)"), ("pack/rule.py", "other(4)", "count(4)")]
    assert hash_after(*both) != hash_after(*both, *exchanged)


@pytest.mark.parametrize(
    "change",
    [
        ("pack/helpers.py", "return 2 * x", 'return globals()["LATE"] * x'),
        ("pack/helpers.py", "return 2 * x", "return LATE * x\n\n\nLATE = 3"),
        ("pack/rule.py", "tools.total", 'getattr(tools, "to" + "tal")'),
        ("pack/rule.py", "tools.total", 'import_module("pack.helpers").total'),
        ("pack/rule.py", "tools.total", 'lookup.attribute("pack.helpers:total")'),
    ],
    ids=["globals", "bound twice", "module as a value", "module by name", "attribute by name"],
)
def test_where_definitions_cannot_be_told_apart_all_of_the_module_counts(hash_after, change):
    late = ("pack/helpers.py", "def noted", "LATE = 1\n\n\ndef noted")
    assert hash_after(late, change) != hash_after((*late[:2], late[2].replace("1", "2")), change)


def test_a_local_name_is_not_the_module_of_that_name(hash_after):
    """A field or an argument called like an imported module does not bring all of that module in."""
    local = [
        ("pack/rule.py", "n: int = LIMIT", "n: int = LIMIT, tools=None"),
        ("pack/rule.py", "* self", "* tools * self"),
    ]
    unused = ("pack/helpers.py", "def total", "UNUSED = 1\n\n\ndef total")
    assert hash_after(*local) == hash_after(*local, unused)


def test_circles_and_missing_modules_are_no_problem(hash_after):
    circle = [
        ("pack/base.py", None, "from pack.helpers import *\nfrom not_there import x\n" + BASE),
        ("pack/helpers.py", "from pathlib", "from pack.base import *\nfrom pack import missing\nfrom pathlib"),
    ]
    assert hash_after(*circle) == hash_after()


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        ("pack.missing:Rule", ModuleNotFoundError, "no source file"),
        ("pack.rule:Missing", AttributeError, "does not define"),
    ],
)
def test_what_is_not_there_is_refused(hash_after, target, error, message):
    with pytest.raises(error, match=message):
        hash_after(target=target)


# ----- versions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "version"),
    [
        ([], 1),
        ([("pack/rule.py", "    step:", "    version: ClassVar[int] = 3\n    step:")], 3),
        ([("pack/base.py", "first = FIRST", "version = 2")], 2),
        (
            [
                ("pack/base.py", "first = FIRST", "version = 2"),
                ("pack/rule.py", "    step:", "    version = 5\n    step:"),
            ],
            5,
        ),
    ],
    ids=["none", "own", "inherited", "overridden"],
)
def test_the_version_is_read_from_the_source(hash_after, changes, version):
    hash_after(*changes)
    assert Normaliser(OwnModules("pack.rule:Rule")).version("pack.rule:Rule") == version


# ----- the methods of this project --------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(sources.PROJECT / "methods", tmp_path / "methods", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def all_hashes(project):
    normaliser = Normaliser(OwnModules(project=project))
    return {name: normaliser.hash(target) for name, target in methods.METHODS.items()}


def test_a_change_of_the_learning_rates_concerns_those_who_train_by_them(copy):
    before = all_hashes(copy)
    assert before == all_hashes(sources.PROJECT)
    owners = [path for path in (copy / "methods").rglob("*.py") if "\nclass Schedule:" in path.read_text()]
    (path,) = owners
    path.write_text(path.read_text().replace("constant = self.n_updates * 10 // 19", "constant = self.n_updates // 2"))
    after = all_hashes(copy)
    assert {name for name in before if before[name] != after[name]} == {
        "dense_mlp", "skip_mlp", "bayesian_mlp", "deep_ensemble",
    }  # fmt: skip


def test_methods_hash_alike_after_rooms_move(copy):
    before = all_hashes(copy)
    folder = copy / "methods"
    (folder / "moved").mkdir()
    (folder / "moved/__init__.py").write_text("")
    rooms = ("quadrature", "surrogates")
    for room in rooms:
        (folder / room).rename(folder / "moved" / room)
    for path in folder.rglob("*.py"):
        path.write_text(re.sub(rf"\bmethods\.({'|'.join(rooms)})\b", r"methods.moved.\1", path.read_text()))
    after = all_hashes(copy)
    assert {name for name in before if before[name] != after[name]} == set()


def test_a_new_method_changes_no_other(copy):
    before = all_hashes(copy)
    path = copy / "methods/__init__.py"
    path.write_text(path.read_text().replace("METHODS: dict[str, str] = {", 'METHODS: dict[str, str] = {"new": "a:B",'))
    assert '"new"' in path.read_text()
    assert all_hashes(copy) == before
