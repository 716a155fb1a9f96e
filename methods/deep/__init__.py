"""The mixed derivative of deep networks, by plain torch, C++ or Triton, and how the papers train with it.

Read `nilpotent.py` first, which is the recursion in plain torch, and `network.py`, which chooses who computes it.
`activations.py` has the derivatives of each activation; `cpu_*` and `gpu_*` are faster ways to the same numbers, and
`training.py` with `training_choices.py` is what the papers do, `optimiser.py` how that goes on without waiting for a
GPU, and `checkpoint.py` how it goes on in another process.
"""
