"""The chart's tests need real tools; without them they are skipped by name, and in CI they fail."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chart.api_server import ApiServer
from tests.chart.rendering import TOOLS

MISSING = "THE CHART IS NOT TESTED: .tools/ is empty, run `make tools` (needs Go)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip this directory's tests when Helm is not there."""
    if (TOOLS / "bin" / "helm").exists():
        return
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        if os.environ.get("CI"):
            raise pytest.UsageError(MISSING)
        item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A running API server that knows the operators' resources."""
    if not (TOOLS / "bin" / "kube-apiserver").exists():
        pytest.skip("NO API SERVER: run `make tools` to test upgrades")
    server = ApiServer(tmp_path_factory.mktemp("cluster"))
    try:
        yield server.start()
    finally:
        server.stop()
