"""pySecDec behind the interface of a method: libraries made from a formula, and processes that evaluate them.

Read `formulas.py` first, which says how a formula becomes pySecDec's input, then `library.py`, which compiles it.
`evaluator.py` is what all processes answer: `disteval.py` asks pySecDec's own workers, and `pylink.py` with `server.py`
a compiled library, which may end its process. `compiled_method.py` is what the three methods share.
"""
