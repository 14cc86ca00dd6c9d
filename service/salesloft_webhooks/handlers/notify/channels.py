"""Apprise, and nobody else's business: one message to one address."""

import asyncio
import hashlib
from enum import StrEnum

import apprise

from salesloft_webhooks.errors import ConfigurationError


class Sent(StrEnum):
    """What became of a message."""

    YES = "yes"
    """The service took it."""
    NO = "no"
    """The service refused it or could not be reached: it was certainly not delivered."""
    UNKNOWN = "unknown"
    """No answer in time: it may have been delivered."""


class Channel:
    """One Apprise address (``slack://...``, ``mailto://...``, ``json://...``).

    Raises:
        ConfigurationError: Apprise does not understand the address. The message never shows it: it holds secrets.
    """

    def __init__(self, url: str) -> None:
        self._apprise = apprise.Apprise()
        if not self._apprise.add(url):
            raise ConfigurationError(f"Apprise does not understand a {url.partition(':')[0]}: address")
        self.name = hashlib.sha256(url.encode()).hexdigest()[:16]
        """Tells channels apart without giving the address away."""

    async def send(self, title: str, body: str) -> Sent:
        """Send one message and say what became of it."""
        try:
            # Apprise's asynchronous call still blocks in some services (it runs `requests`); a thread never does.
            result = await asyncio.to_thread(self._apprise.notify, title=title, body=body)
        except TypeError:  # how Apprise reports a message it will not even try to send
            return Sent.NO
        if result:
            return Sent.YES
        return Sent.UNKNOWN if result.timeout_count else Sent.NO
