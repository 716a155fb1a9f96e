"""The mixed derivative and the corner sum on several threads: the same bits for any number of them, in any company."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from compilers import needs_compiler
from test_mixed import assert_near, gradients_of, nested_autograd, network_of, points

from methods.deep import cpu_derivative, cpu_kernels
from methods.deep.activations import ACTIVATIONS
from methods.deep.network import corner_sum, mixed_partial

pytestmark = needs_compiler


@pytest.fixture(autouse=True)
def _threads_as_before():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=[50, 300])
def chunk(request, monkeypatch):
    """Set the chunks so small that there are more than threads, of which some are too few to fill all blocks."""
    monkeypatch.setattr(cpu_derivative, "CHUNK", request.param)


@pytest.fixture
def company():
    """Keep as many CPUs busy as a machine of this suite has."""
    processes = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(2)]
    yield
    for process in processes:
        process.kill()
        process.wait()


def results(threads, n=200, dtype=torch.float32):
    """Return values, gradients in the weights and corner sums, of a network on so many threads."""
    torch.set_num_threads(threads)
    network, (s, x) = network_of(3, width=12, dtype=dtype), points(3, n=n, dtype=dtype)
    value = mixed_partial(network, s, x)
    with torch.no_grad():
        corners = corner_sum(network, s)
    return [value.detach(), corners, *gradients_of(network, value)]


def assert_same_bits(ours, theirs):
    __tracebackhide__ = True
    assert len(ours) == len(theirs)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("threads", [2, 3, 4, 7])
def test_any_number_of_threads_gives_the_same_bits(threads, chunk):
    expected = results(1)
    for _ in range(5):
        assert_same_bits(results(threads), expected)
        assert torch.get_num_threads() == threads


@pytest.mark.parametrize("threads", [2, 4])
def test_busy_processes_do_not_change_the_bits(threads, chunk, company):
    expected = results(1)
    for _ in range(5):
        assert_same_bits(results(threads), expected)


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("rows_per_width", [1, 10**6])
def test_gradients_in_any_number_of_blocks_are_right(rows_per_width, threads, chunk, monkeypatch):
    monkeypatch.setattr(cpu_derivative, "ROWS_PER_WIDTH", rows_per_width)
    torch.set_num_threads(threads)
    network, (s, x) = network_of(3), points(3, n=60)
    expected = gradients_of(network, nested_autograd(network, s, x))
    for ours, theirs in zip(gradients_of(network, mixed_partial(network, s, x)), expected, strict=True):
        assert_near(ours, theirs, 1e-11)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_each_task_runs_once(threads):
    kernels = cpu_kernels.kernels(2, torch.float64, ACTIVATIONS["tanh"])
    done = []
    kernels.on_threads(done.append, 50, threads)
    assert sorted(done) == list(range(50))


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_what_a_task_raises_is_raised(threads):
    kernels = cpu_kernels.kernels(2, torch.float64, ACTIVATIONS["tanh"])
    done = []

    def task(index):
        if index == 3:
            raise ArithmeticError("of the third task")
        done.append(index)

    with pytest.raises(ArithmeticError, match="of the third task"):
        kernels.on_threads(task, 50, threads)
    assert set(done) >= {0, 1, 2}


@pytest.mark.parametrize("threads", [1, 4])
def test_training_follows_an_evaluation_in_inference_mode(threads, chunk):
    """Memory that is used again must not stay a tensor of that mode, which nothing else may write to."""
    torch.set_num_threads(threads)
    network, (s, x) = network_of(3), points(3, n=60)
    with torch.inference_mode():
        before = mixed_partial(network, s, x).clone()
    value = mixed_partial(network, s, x)
    assert torch.equal(value.detach(), before)
    assert all(gradient.isfinite().all() for gradient in gradients_of(network, value))


def test_products_on_a_thread_use_one_thread():
    """Otherwise each would start threads of its own, or wait for those of the others."""
    script = (
        "import os, torch\nfrom methods.deep import cpu_kernels\nfrom methods.deep.activations import ACTIVATIONS\n"
        "torch.set_num_threads(2)\nkernels = cpu_kernels.kernels(2, torch.float64, ACTIVATIONS['tanh'])\n"
        "a = torch.rand(600, 600)\nbefore = len(os.listdir('/proc/self/task'))\n"
        "kernels.on_threads(lambda index: torch.mm(a, a), 20, 2)\n"
        "print(len(os.listdir('/proc/self/task')) - before)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
