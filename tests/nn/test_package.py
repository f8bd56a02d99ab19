"""The package as a whole: its names, and what importing it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nn

NAMES = """
Adam AdamW CosineAnnealingLR Dropout ELU EarlyStopping Embedding Event ExponentialLR GELU
History Identity Layer LeakyReLU LinearLR LogSoftmax MLP Module Neuron Optimizer RMSprop ReLU
ReduceLROnPlateau SGD Scheduler Sequential SiLU Sigmoid Softmax Softplus StepLR StopTraining
Tanh accuracy binary_cross_entropy binary_cross_entropy_with_logits clip_grad_norm_
clip_grad_value_ cross_entropy fit half_mse_loss hinge_loss huber_loss init l1_loss l1_penalty
l2_penalty load_model log_softmax mse_loss nll_loss save_model softmax
"""


def test_the_public_names() -> None:
    assert sorted(nn.__all__) == sorted(NAMES.split())
    assert all(hasattr(nn, name) for name in nn.__all__)


def test_importing_needs_the_standard_library_only() -> None:
    root = Path(nn.__file__).parents[1]
    code = (
        f"import sys; sys.path.insert(0, {str(root)!r}); import nn; "
        "print([m for m in ('numpy', 'tqdm', 'safetensors') if m in sys.modules])"
    )
    # -S: without site-packages
    run = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True)
    assert (run.stdout.strip(), run.stderr) == ("[]", "")
