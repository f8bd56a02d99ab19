"""What the tests of compiled functions share."""

from collections.abc import Iterator

import pytest

# with the kernel, if any, and with NumPy
BOTH = ("arguments", "one_trace", "compiled", "extremes", "passes", "call", "recording")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__.rpartition("test_")[2] in BOTH:
        metafunc.parametrize("target", ["", "numpy"], indirect=True, scope="module")


@pytest.fixture(scope="module", autouse=True)
def target(request: pytest.FixtureRequest) -> Iterator[None]:
    """What AUTOGRAD_KERNEL asks for; the kernel runs beside the interpreted build too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AUTOGRAD_PURE", raising=False)
        if asked := getattr(request, "param", ""):
            patch.setenv("AUTOGRAD_KERNEL", asked)
        yield
