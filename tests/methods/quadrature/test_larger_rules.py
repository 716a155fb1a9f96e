"""Rules by which others are judged: their size is bounded, and their sums need one block of nodes at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from methods.quadrature import rule_orders
from methods.quadrature.axis_rules import AxisRule, tensor_blocks, tensor_nodes


@pytest.mark.parametrize("orders", [[10] * 6, [14, 9, 9, 8, 6, 7], [8] * 6, [20, 21, 22, 23], [300, 300], [40]])
def test_the_reference_at_corner_zeros_has_a_bounded_number_of_nodes(orders):
    orders = np.array([orders, [5] * len(orders)])
    reference = rule_orders.reference(orders)
    nodes, larger = np.prod(orders, axis=1), np.prod(reference, axis=1)
    assert (larger <= np.maximum(rule_orders.MULTIPLE * nodes, np.prod(orders + 1, axis=1))).all()
    assert (larger <= rule_orders.MOST_NODES).all()
    assert (reference > orders).all()
    assert (reference <= 2 * orders).all()
    assert rule_orders.least_growth(orders, reference) == pytest.approx(
        ((larger / nodes) ** (1 / orders.shape[1])).min()
    )


@pytest.mark.parametrize("orders", [[], [7], [3, 5, 2]])
def test_blocks_are_the_nodes_of_the_tensor_product(orders):
    rules = [AxisRule(1.0, n) for n in orders]
    blocks = list(tensor_blocks(rules, "cpu", 4))
    assert max(len(x) for x, _ in blocks) <= 4
    for joined, whole in zip(map(torch.cat, zip(*blocks, strict=True)), tensor_nodes(rules, "cpu"), strict=True):
        torch.testing.assert_close(joined, whole, rtol=0, atol=0)
