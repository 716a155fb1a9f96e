"""Primitives with closed forms: networks with one hidden layer, after a change of variables that flattens f.

Read `sine_network.py` first: mixed derivative and corner sum of a neuron are products over the variables. Then
`triangular_map.py`, the change of variables, and `two_stages.py`, which trains a replica. `ensemble.py` is what all
methods share whose value is a corner sum, those of `methods/deep` included. `normalisation.py` has the degree of the
polynomial by which maps of either kind normalise an integrand.

`contour_map.py` is a change of variables that may be complex, for integrals above threshold; `contour_fit.py` fits it,
`contour_parts.py` its contour or its importance map alone, `contour_search.py` finds its order of variables,
`map_causality.py` looks at whether it is causal, `moving_rule.py` integrates on it, `compiled_rule.py` and
`compiled_gradients.py` do so by kernels, and `contour_orders.py` says with how many nodes. With many variables
`contour_trials.py` finds the order, `contour_refinement.py` fits the map to the errors of rules, `contour_vote.py`
takes the most central of several, `contour_zeros.py` refutes contours, and `contour_windows.py` divides the box where
`contour_cuts.py` says; `contour_region.py` is a part of it with its rules, and `pair_error.py` their error.
`contour_target.py` flattens f on such a contour, `complex_replica.py` is a primitive there, `contour_sum.py` its sums
over lattices, and `complex_primitive.py` trains replicas, of which it keeps the series of `complex_series.py`.
"""
