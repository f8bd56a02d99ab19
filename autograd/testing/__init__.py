"""Check derivatives: your own, those of your primitives, and this library's.

from autograd.testing import check_gradients

def test_my_gradient():
    check_gradients(f, x, gradient=my_gradient)
"""

from autograd.testing.arrays import check_hessian, check_jacobian, check_jvp, check_vjp
from autograd.testing.check import check_gradients, gradcheck
from autograd.testing.explain import Explanation, explain
from autograd.testing.frameworks import check_jax, check_scipy, check_torch
from autograd.testing.report import GradientError, Report

__all__ = [
    "Explanation",
    "GradientError",
    "Report",
    "check_gradients",
    "check_hessian",
    "check_jacobian",
    "check_jax",
    "check_jvp",
    "check_scipy",
    "check_torch",
    "check_vjp",
    "explain",
    "gradcheck",
]
