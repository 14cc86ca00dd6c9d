"""SalesLoft's users: events carry their ids, and reps are known elsewhere by their e-mail addresses."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec

from salesloft_webhooks.errors import (
    ConfigurationError,
    Retry,
    SalesloftError,
    SalesloftForbidden,
    SalesloftUnauthorized,
    Unavailable,
)
from salesloft_webhooks.handlers.outbound.http_client import CONFIGURATION_PAUSE_SECONDS
from salesloft_webhooks.salesloft import has_credentials
from salesloft_webhooks.salesloft.record_lists import LISTS, Lists
from salesloft_webhooks.settings import Settings

KEPT_SECONDS = 3600.0
"""How long the list is believed."""
UNKNOWN_SECONDS = 300.0
"""How long a user who is not in it is looked for no more: each look asks for the whole list."""
FAILED_SECONDS = 60.0


class Users(Protocol):
    """Whoever knows the e-mail addresses of SalesLoft's users."""

    async def email_of(self, user_id: int) -> str | None:
        """In small letters; None: there is no such user."""


def require_credentials(section: str, settings: Settings) -> None:
    """Return if SalesLoft can be asked.

    Raises:
        ConfigurationError: It cannot, and the section of the handlers file names reps by their addresses.
    """
    if not has_credentials(settings):
        raise ConfigurationError(
            f"{section}: reps by e-mail address need SalesLoft's API, for events carry user ids: set "
            "SALESLOFT_API_TOKEN, SALESLOFT_API_TOKEN_FILE, or SALESLOFT_CLIENT_ID and its secret"
        )


class _User(msgspec.Struct):
    """What is wanted of a user, of whatever type a sender makes it."""

    id: Any = None
    email: Any = None


class SalesloftUsers:
    """E-mail addresses by user id. The whole list is read at once, 100 users for one unit of the rate limit.

    Args:
        lists: SalesLoft's API.
        clock: Seconds that only grow.
    """

    def __init__(self, lists: Lists, clock: Callable[[], float] = time.monotonic) -> None:
        self._lists, self._clock = lists, clock
        self._addresses: dict[int, str] = {}
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def email_of(self, user_id: int) -> str | None:
        """The address a user logs in with, in small letters; None: there is no such user.

        Raises:
            Retry: SalesLoft cannot be asked at the moment.
            Unavailable: it does not take our credentials.
        """
        believed = KEPT_SECONDS if user_id in self._addresses else UNKNOWN_SECONDS
        async with self._reading:
            if self._read_at is None or self._clock() - self._read_at > believed:
                await self._read()
        return self._addresses.get(user_id)

    async def _read(self) -> None:
        found: dict[int, str] = {}
        page: int | None = 1
        try:
            while page is not None:
                answer = await self._lists.page(LISTS["users"], page=page)
                found.update(_addresses(row.raw for row in answer.rows))
                page = answer.next_page
        except (SalesloftUnauthorized, SalesloftForbidden) as exc:
            raise Unavailable(f"SalesLoft's users: {exc}", after=CONFIGURATION_PAUSE_SECONDS) from exc
        except SalesloftError as exc:
            raise Retry(f"SalesLoft's users: {exc}", after=FAILED_SECONDS) from exc
        self._addresses, self._read_at = found, self._clock()


def _addresses(rows: Iterable[bytes]) -> dict[int, str]:
    users = (msgspec.json.decode(row, type=_User) for row in rows)
    return {
        user.id: user.email.strip().lower()
        for user in users
        if isinstance(user.id, int) and isinstance(user.email, str) and user.email
    }
