"""The image's tests need an engine and the built image; without them they are skipped by name."""

from pathlib import Path

import pytest

from tests.image.containers import absent
from tests.support.optional_tests import mark_below


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark this directory's tests, and skip them where there is nothing to run them with."""
    mark_below(Path(__file__).parent, items, pytest.mark.image, seconds=180, absent=_absent)


def _absent() -> str | None:
    return (reason := absent()) and f"THE IMAGE IS NOT TESTED: {reason} (make test-image)"
