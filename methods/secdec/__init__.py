"""pySecDec behind the interface of a method: libraries made from a formula, and processes that evaluate them.

Read `formulas.py` first, which says how a formula becomes pySecDec's input, then `library.py`, which compiles it.
`disteval.py` asks pySecDec's own workers; `pylink.py` with `server.py` asks a compiled library, which may end its
process, and `compiled_method.py` is what methods on the latter share.
"""
