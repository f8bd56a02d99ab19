"""The tests that each module has to pass, those first that find most."""

from __future__ import annotations

__all__ = ["SUITES"]

SUITES = {
    "nn/losses.py": ["tests/nn/test_losses.py", "nn/losses.py"],
    "nn/optim.py": ["tests/nn/test_optim.py", "nn/optim.py"],
    "autograd/transforms.py": [
        "tests/autograd/test_transforms.py",
        "autograd/transforms.py",
        "tests/autograd/test_trees.py",
        "tests/autograd/test_no_grad.py",
    ],
    "autograd/value.py": [
        "tests/autograd/test_value.py",
        "tests/autograd/test_backward.py",
        "autograd/value.py",
        "tests/autograd/test_copies.py",
        "tests/autograd/test_errors.py",
        "tests/autograd/test_no_grad.py",
        "tests/autograd/test_introspection.py",
        "tests/autograd/test_transforms.py",
    ],
    "autograd/primitives.py": [
        "tests/autograd/test_primitives.py",
        "tests/autograd/test_derivatives.py",
        "autograd/primitives.py",
        "tests/autograd/test_functional.py",
        "tests/autograd/test_value.py",
        "tests/nn/test_activations.py",
    ],
}
