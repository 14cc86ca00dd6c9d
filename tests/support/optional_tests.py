"""Tests that need something this machine may not have: marked, given more time, and skipped by name without it."""

from collections.abc import Callable
from pathlib import Path

import pytest


def mark_below(
    folder: Path,
    items: list[pytest.Item],
    mark: pytest.MarkDecorator,
    *,
    seconds: int,
    absent: Callable[[], str | None],
) -> None:
    """Mark the folder's tests, and skip them when ``absent`` says why they cannot run; it is asked only for them.

    Args:
        folder: Of the tests.
        items: What pytest has collected.
        mark: Their marker.
        seconds: The time limit of each.
        absent: Returns the reason to skip them, or None.
    """
    ours = [item for item in items if folder in item.path.parents]
    reason = absent() if ours else None
    for item in ours:
        item.add_marker(mark)
        item.add_marker(pytest.mark.timeout(seconds))
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
