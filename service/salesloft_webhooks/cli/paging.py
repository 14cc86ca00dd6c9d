"""The first of many."""

from collections.abc import AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def first(count: int, items: AsyncIterator[T]) -> list[T]:
    """Up to ``count``; the rest is never asked for."""
    found: list[T] = []
    async for item in items:
        found.append(item)
        if len(found) == count:
            break
    return found
