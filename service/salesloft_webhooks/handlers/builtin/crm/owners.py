"""Whose a contact is in the CRM: SalesLoft's rep there, by a table of one's own or by their e-mail address."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Protocol

from salesloft_webhooks.errors import HandlerSignal
from salesloft_webhooks.handlers.builtin.configuration.crm import VendorCrm
from salesloft_webhooks.handlers.outbound.salesloft_users import Users
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

KEPT_SECONDS = 3600.0
"""How long an owner that was found is believed to be the same."""
UNKNOWN_SECONDS = 300.0
"""How long one that was not found is looked for no more."""


class OwnerDirectory(Protocol):
    """A CRM that knows its users by their e-mail addresses."""

    async def owner_of(self, email_address: str) -> str | None:
        """The id of the active user with that address; None: there is nobody.

        Raises:
            Retry, Unavailable: The CRM does not say.
        """


class Owners:
    """Finds owners.

    A rep is looked for in the table by id, then by e-mail address, and then, if that is configured, in the CRM.

    Attributes:
        are_configured: Whether anybody can be found at all.

    Args:
        configuration: The section.
        directory: The CRM.
        users: Whoever knows the reps' addresses; None: nobody does.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        configuration: VendorCrm,
        directory: OwnerDirectory,
        users: Users | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._by_id = {rep: owner for rep, owner in configuration.owners.items() if isinstance(rep, int)}
        self._by_email = {rep.lower(): owner for rep, owner in configuration.owners.items() if isinstance(rep, str)}
        self._asks = configuration.owners_by_email
        self.are_configured = bool(configuration.owners or self._asks)
        self._directory, self._users, self._clock = directory, users, clock
        self._known: dict[str, tuple[float, str | None]] = {}
        self._asking = defaultdict[str, asyncio.Lock](asyncio.Lock)
        self._failed: dict[str, tuple[float, HandlerSignal]] = {}

    async def of(self, user_id: int | None) -> str | None:
        """The CRM's id of the owner that a rep is there; None: nobody is known to be.

        Raises:
            Retry, Unavailable: SalesLoft or the CRM cannot be asked now.
        """
        if user_id is None:
            return None
        if (owner := self._by_id.get(user_id)) is None and self._users is not None:
            address = await self._users.email_of(user_id)
            owner = self._by_email.get(address) or await self._asked(address) if address else None
        if owner is None:
            _log.info("crm.unowned", user_id=user_id)
        return owner

    async def _asked(self, email_address: str) -> str | None:
        if not self._asks:
            return None
        # A rep's people come together, after a start above all: one look-up is for all of them, a failure included.
        began = self._clock()
        async with self._asking[email_address]:
            until, owner = self._known.get(email_address, (0.0, None))
            if self._clock() < until:
                return owner
            if (failure := self._failed.get(email_address)) and failure[0] >= began:
                raise failure[1]
            try:
                owner = await self._directory.owner_of(email_address)
            except HandlerSignal as signal:
                self._failed[email_address] = self._clock(), signal
                raise
            self._failed.pop(email_address, None)
            self._known[email_address] = self._clock() + (KEPT_SECONDS if owner else UNKNOWN_SECONDS), owner
            return owner
