"""What every test run says first: which build of the engine it tests."""

from autograd.build import describe


def pytest_report_header() -> str:
    build, change = describe()
    return f"autograd: {build} build ({change})"
