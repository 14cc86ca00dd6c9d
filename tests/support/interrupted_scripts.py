"""Something that happens between two scripts of the broker, as a test wants it."""

from collections.abc import Callable
from typing import Any

import pytest

from salesloft_webhooks.broker import Store


class BetweenScripts:
    """Counts the scripts that stores of this process run, and does something before the one of a number.

    Args:
        monkeypatch: Ends it with the test.
        at: Before which script, from 0 on.
        act: What is done; blocks the process meanwhile.
        only: Of the scripts of this name only; empty: of all.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, act: Callable[[], object], only: str = "") -> None:
        self.ran = 0
        real: Callable[..., Any] = Store.run

        async def run(store: Store, name: str, *args: Any, **options: Any) -> Any:
            if only in {"", name}:
                if self.ran == at:
                    act()
                self.ran += 1
            return await real(store, name, *args, **options)

        monkeypatch.setattr(Store, "run", run)
