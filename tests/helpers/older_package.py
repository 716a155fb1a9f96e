"""A preload of Dask workers that makes them believe in an older NumPy: `dask worker --preload older_package`."""

import importlib.metadata

read_version = importlib.metadata.version
importlib.metadata.version = lambda name: "1.0" if name == "numpy" else read_version(name)
