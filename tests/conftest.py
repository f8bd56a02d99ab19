"""Choose the build that a test run tests, and the source of its random numbers.

By default every run draws the same. With `--hypothesis-profile=random` each draws something
else; the head of the report names the `--hypothesis-seed` that draws it again. A machine may
be busy: nothing has a deadline. The default run uses every core, up to four, and
leaves out what takes longest. Tests that are named run, slow or not.
"""

import os
import random
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from autograd.build.binaries import describe_build
from autograd.core.primitive import TABLE
from tests.helpers.chromium import chromium, open_page

__all__ = ["chromium", "open_page"]  # fixtures

DEFAULT = "not soak and not slow"  # as in pyproject.toml

settings.register_profile(
    "same",
    max_examples=100 if describe_build()[0] == "compiled" else 50,  # which takes as long
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "random", settings.get_profile("same"), derandomize=False, print_blob=True
)
settings.load_profile("same")
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # small programs: compiled sooner
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it


def are_named(config: pytest.Config) -> bool:
    return config.args_source is pytest.Config.ArgsSource.ARGS


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """No workers where tests are named; None lets xdist count the cores."""
    return 0 if are_named(config) or config.option.markexpr == "soak" else None


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--hypothesis-profile") == "random":
        seed = config.getoption("--hypothesis-seed")
        config.option.hypothesis_seed = seed or str(random.randrange(2**32))
    is_worker = hasattr(config, "workerinput")
    if not is_worker and are_named(config) and config.option.markexpr == DEFAULT:
        config.option.markexpr = "not soak"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")


def pytest_runtest_setup(item: pytest.Item) -> None:
    random.seed(item.config.getoption("--hypothesis-seed") or 0)


@pytest.fixture(autouse=True)
def operations() -> Iterator[None]:
    """Take back all that a test declares when it ends, so that their order has no effect."""
    before = dict(TABLE)
    yield
    TABLE.clear()
    TABLE.update(before)


def pytest_report_header(config: pytest.Config) -> list[str]:
    build, change = describe_build()
    seed = config.getoption("--hypothesis-seed")
    drawn = [] if seed is None else [f"hypothesis: --hypothesis-seed={seed}"]
    return [f"autograd: {build} build ({change})", *drawn]
