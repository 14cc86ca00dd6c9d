"""The chart's tests need real tools; without them they are skipped by name, and in CI they fail."""

import os
from pathlib import Path

import pytest

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
