"""The image's tests need an engine and the built image; without them they are skipped by name."""

from pathlib import Path

import pytest

from tests.image.containers import absent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark this directory's tests, and skip them where there is nothing to run them with."""
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    reason = absent() if ours else None
    for item in ours:
        item.add_marker(pytest.mark.image)
        item.add_marker(pytest.mark.timeout(180))
        if reason:
            item.add_marker(pytest.mark.skip(reason=f"THE IMAGE IS NOT TESTED: {reason} (make test-image)"))
