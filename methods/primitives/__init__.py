"""Primitives with closed forms: networks with one hidden layer, after a change of variables that flattens f.

Read `sine_network.py` first: mixed derivative and corner sum of a neuron are products over the variables. Then
`triangular_map.py`, the change of variables, and `two_stages.py`, which trains a replica. `ensemble.py` is what all
methods share whose value is a corner sum, those of `methods/deep` included. Above threshold `contour_target.py`
flattens f on a contour, and `complex_primitive.py` trains replicas on it.
"""
