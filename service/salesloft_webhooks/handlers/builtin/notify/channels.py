"""Apprise, and nobody else's business: one message to one address."""

import asyncio
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.builtin.notify.sanitizing import plain_line, without_markup

SEND_SECONDS = 20.0
"""How long a service may take; below the default time-out of an attempt."""


PLAIN_TEXT_SCHEMES = frozenset(
    {
        *("json", "jsons", "xml", "xmls", "form", "forms", "syslog", "rsyslog"),
        *("mailto", "mailtos", "mailgun", "o365", "postmark", "resend", "sendgrid", "ses", "smtp2go", "sparkpost"),
        *("slack", "tgram"),
    }
)
"""Schemes of addresses where plain text stays what it is: as data, as a mail, or by Apprise's escaping.

An address that asks for another ``format`` than its service's own is not among them.
"""


class SendResult(StrEnum):
    """What became of a message."""

    TAKEN = "taken"
    """The service took it."""
    REFUSED = "refused"
    """The service refused it or could not be reached."""
    UNKNOWN = "unknown"
    """No answer in time: it may have been delivered."""


class Channel:
    """One Apprise address (``slack://...``, ``mailto://...``, ``json://...``).

    Attributes:
        name: Tells channels apart without giving the address away, which holds secrets.
        scheme: Which service it is: `slack`.
        sanitize: Makes a value that outsiders wrote fit for this channel.

    Raises:
        ConfigurationError: Apprise does not understand the address.
    """

    def __init__(self, url: str) -> None:
        import apprise  # noqa: PLC0415 - a hundred services, loaded only where somebody is to be notified

        self._apprise = apprise.Apprise()
        with _unheard("apprise"):
            understood = self._apprise.add(url)
        if not understood:
            raise ConfigurationError("notify: Apprise does not understand one of the addresses")
        self.scheme = url.partition(":")[0].lower()
        plain = self.scheme in PLAIN_TEXT_SCHEMES and "format=" not in url.lower()
        self.sanitize = plain_line if plain else without_markup
        self.name = hashlib.sha256(url.encode()).hexdigest()[:16]

    async def send(self, title: str, body: str) -> SendResult:
        """Send one message, which is plain text, and say what became of it."""
        # Apprise's services run `requests`, also behind its asynchronous call: only a thread keeps the loop free.
        result = await asyncio.to_thread(
            self._apprise.notify, body, title=title, body_format="text", timeout=SEND_SECONDS
        )
        if result:
            return SendResult.TAKEN
        return SendResult.UNKNOWN if result.timeout_count else SendResult.REFUSED


@contextmanager
def _unheard(name: str) -> Iterator[None]:
    """Let a library log nothing: Apprise quotes an address that it does not understand, with all its secrets."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
