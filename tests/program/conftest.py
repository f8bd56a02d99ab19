"""Fixtures that the tests of compiled functions share."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def target(request: pytest.FixtureRequest) -> Iterator[None]:
    """The value of AUTOGRAD_KERNEL; the kernel runs beside the interpreted build too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AUTOGRAD_PURE", raising=False)
        if asked := getattr(request, "param", ""):
            patch.setenv("AUTOGRAD_KERNEL", asked)
        yield
