"""These tests need the cluster of `.ci/cluster/run`, and each the neighbour that it is about; what lacks is named."""

import os
from pathlib import Path

import pytest

from tests.kind.cluster import absent
from tests.kind.conftest import _cluster_is_found, namespaces, nothing_installed, pytest_runtest_makereport, release
from tests.support.optional_tests import mark_below

__all__ = ["_cluster_is_found", "namespaces", "nothing_installed", "pytest_runtest_makereport", "release"]
GIVEN = os.environ.get("NEIGHBOURS", "").split()
"""What `.ci/cluster/neighbours/install` has put into the cluster."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark this directory's tests, and skip what there is no cluster or no neighbour for."""
    mark_below(Path(__file__).parent, items, pytest.mark.kind, seconds=900, absent=_absent)
    for item in items:
        for needed in item.iter_markers("neighbour"):
            lacking = [name for name in needed.args if name not in GIVEN]
            if lacking:
                given = " ".join(needed.args)
                reason = f"NOT TRIED BESIDE {' AND '.join(lacking)} (make test-neighbours NEIGHBOURS='{given}')"
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="module", autouse=True)
def _begun_anew(nothing_installed: None) -> None:
    """No release of the module before."""


def _absent() -> str | None:
    return (reason := absent()) and f"NO NEIGHBOUR OF THE CHART IS TRIED: {reason} (make test-neighbours)"
