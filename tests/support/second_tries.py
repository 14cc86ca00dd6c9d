"""A plugin of pytest that lets every test fail once although it has passed: so one that cannot be tried again is found.

    make second-tries TESTS=tests/operator

`.ci/run` tries a failed test again. A second try that finds what the first has left behind (an object, a release)
fails for another reason than the first, and with it everything.
"""

from collections.abc import Generator

import pytest

_tried: set[str] = set()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail the first time."""
    result = yield
    if pyfuncitem.nodeid not in _tried:
        _tried.add(pyfuncitem.nodeid)
        pytest.fail("it has passed, and has to be tried again")
    return result
