"""Custom backward passes of other frameworks; run where these are installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd.testing import check_scipy, check_torch
from tests.helpers.measure import verdict


def test_what_has_no_floats_is_not_checked() -> None:
    torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed")
    for f, x in [
        (torch.sin, torch.tensor([1, 2])),
        (torch.sin, 1.0),
        (lambda x: x.sum().item(), torch.ones(2)),
    ]:
        with pytest.raises(TypeError, match="check_torch"):
            check_torch(f, x)


@pytest.mark.parametrize("kind", ["bfloat16", "float16", "float32"])
def test_tensors_of_few_digits_are_checked_in_float64(kind: str) -> None:
    torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = torch.tensor([1.0, 2.0], dtype=getattr(torch, kind))
    assert check_torch(lambda x, y: torch.sin(x) * y, x, x, order=2)
    wrong = lambda x: x.detach() * x  # noqa: E731
    assert verdict(check_torch, wrong, x) == "fail"


def test_functions_of_scipy() -> None:
    optimize: Any = pytest.importorskip("scipy.optimize")
    sparse: Any = pytest.importorskip("scipy.sparse")
    x = np.array([1.3, 0.7, 0.8])
    rosen, slope, hessian = optimize.rosen, optimize.rosen_der, optimize.rosen_hess
    linear: Any = pytest.importorskip("scipy.sparse.linalg")
    forms = (np.asarray, sparse.csr_array, linear.aslinearoperator)
    for hess in (None, *[lambda x, form=form: form(hessian(x)) for form in forms]):
        assert check_scipy(rosen, slope, hess, x0=x)
    assert verdict(check_scipy, rosen, lambda x: 1.001 * slope(x), x0=x) == "fail"
    assert verdict(check_scipy, rosen, slope, lambda x: 1.001 * hessian(x), x0=x) == "fail"
    residuals = lambda x: np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])  # noqa: E731
    jacobian = lambda x: np.array([[-20.0 * x[0], 10.0], [-1.0, 0.0]])  # noqa: E731
    assert check_scipy(residuals, jacobian, x0=x[:2])
