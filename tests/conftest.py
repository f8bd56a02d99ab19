"""What every test run says first, which build of the engine it tests; and no hurry.

A machine may be busy: Hypothesis sets no deadline for an example.
"""

from hypothesis import settings

from autograd.build.binaries import describe

settings.register_profile("here", deadline=None)
settings.load_profile("here")


def pytest_report_header() -> str:
    build, change = describe()
    return f"autograd: {build} build ({change})"
