"""Keeping one connection logged in while the password changes.

A connection that lives is told a new password before its next command (AUTH). A server that does not know it yet
leaves the connection as it is, and is told again a second later.
"""

import asyncio
import time
from typing import Any

from salesloft_webhooks.broker.connection.credentials import Credentials

OLD = -1
"""In place of a password's number: one that the file does not have any more."""
RETRY_SECONDS = 1.0
"""Before a refused new password is told again on a living connection."""


class Login:
    """What one connection is logged in with.

    Args:
        credentials: Where passwords come from.
    """

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self._number = 0
        self._before = 0
        self._next = 0.0

    def begin(self) -> None:
        """The connection is about to log in with what `Credentials.get_credentials` gives."""
        number = self.credentials.refresh(now=True)
        self._number = OLD if self.credentials.falling_back else number
        self._next = time.monotonic() + RETRY_SECONDS

    def due(self) -> tuple[str] | tuple[str, str] | None:
        """What the server has to be told before the next command; from then on it counts as told. None: nothing."""
        number = self.credentials.refresh()
        if number == self._number or time.monotonic() < self._next:
            return None
        self._next = time.monotonic() + RETRY_SECONDS
        self._before, self._number = self._number, number
        return self.credentials.newest

    def refused(self) -> None:
        """The server did not take it, or was not told after all."""
        self._number = self._before

    def answered(self, answer: asyncio.Future[Any]) -> None:
        """The answer to what `due` gave."""
        if answer.cancelled() or answer.exception() is not None:
            self.refused()
