"""Apprise, and nobody else's business: one message to one address."""

import asyncio
import hashlib
from enum import StrEnum

from salesloft_webhooks.errors import ConfigurationError

SEND_SECONDS = 20.0
"""How long a service may take; below the default time-out of an attempt."""


class Sent(StrEnum):
    """What became of a message."""

    YES = "yes"
    """The service took it."""
    NO = "no"
    """The service refused it or could not be reached."""
    UNKNOWN = "unknown"
    """No answer in time: it may have been delivered."""


class Channel:
    """One Apprise address (``slack://...``, ``mailto://...``, ``json://...``).

    Attributes:
        name: Tells channels apart without giving the address away, which holds secrets.

    Raises:
        ConfigurationError: Apprise does not understand the address.
    """

    def __init__(self, url: str) -> None:
        import apprise  # noqa: PLC0415 - a hundred services, loaded only where somebody is to be notified

        self._apprise = apprise.Apprise()
        if not self._apprise.add(url):
            raise ConfigurationError("notify: Apprise does not understand one of the addresses")
        self.name = hashlib.sha256(url.encode()).hexdigest()[:16]

    async def send(self, title: str, body: str) -> Sent:
        """Send one message and say what became of it."""
        # Apprise's services run `requests`, also behind its asynchronous call: only a thread keeps the loop free.
        result = await asyncio.to_thread(self._apprise.notify, body, title=title, timeout=SEND_SECONDS)
        if result:
            return Sent.YES
        return Sent.UNKNOWN if result.timeout_count else Sent.NO
