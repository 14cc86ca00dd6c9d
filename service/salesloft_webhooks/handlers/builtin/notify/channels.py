"""Where messages go: Slack and Teams with cards of ours, everything else through Apprise. One message, one address."""

import asyncio
import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.builtin.notify.cards import Card
from salesloft_webhooks.handlers.builtin.notify.sanitizing import plain_line, without_markup
from salesloft_webhooks.handlers.builtin.notify.slack import slack_message
from salesloft_webhooks.handlers.builtin.notify.teams import teams_message

if TYPE_CHECKING:  # a client that most workers of this group do without
    import httpx2

TOO_MANY_REQUESTS = 429
SEND_SECONDS = 20.0
"""How long a service may take; below the default time-out of an attempt."""
LIMIT_SECONDS = 30.0
"""How long to wait where a service says that it has had too many messages, and not for how long."""


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


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a message.

    Attributes:
        result: That.
        wait_seconds: With `SendResult.REFUSED`: how long the service wants to be left alone; 0: it does not say.
    """

    result: SendResult
    wait_seconds: float = 0.0


class Channel(Protocol):
    """One place that messages are sent to."""

    @property
    def name(self) -> str:
        """Tells channels apart without giving the address away, which holds secrets."""

    @property
    def scheme(self) -> str:
        """Which service it is: `slack`."""

    @property
    def origin(self) -> str:
        """Scheme, host and port of its address, which are no secret; empty where that cannot be told."""

    @property
    def has_cards(self) -> bool:
        """Whether links are shown as such, below a message."""

    @property
    def sanitize(self) -> Callable[[object], str]:
        """Makes a value that outsiders wrote fit for this channel."""

    def payload(self, cards: Sequence[Card]) -> Any:
        """What is sent: JSON, or a text where the service has no cards."""

    async def send(self, cards: Sequence[Card], http: "httpx2.AsyncClient | None") -> Sent:
        """Send one message with these cards, and say what became of it."""


class AppriseChannel:
    """One Apprise address (``slack://...``, ``mailto://...``, ``json://...``); see `Channel`.

    Raises:
        ConfigurationError: Apprise does not understand the address.
    """

    has_cards = False
    origin = ""

    def __init__(self, url: str) -> None:
        import apprise  # noqa: PLC0415 - a hundred services, loaded only where somebody is to be notified

        self._apprise = apprise.Apprise()
        with _unheard("apprise"):
            understood = self._apprise.add(url)
        if not understood:
            raise ConfigurationError("notify: Apprise does not understand one of the addresses")
        self.scheme = url.partition(":")[0].lower()
        plain = self.scheme in PLAIN_TEXT_SCHEMES and "format=" not in url.lower()
        self.sanitize: Callable[[object], str] = plain_line if plain else without_markup
        self.name = name_of(url)

    def payload(self, cards: Sequence[Card]) -> str:
        """The text, without the first card's title."""
        first, *others = cards
        return "\n\n".join((first.as_text(), *(f"{card.title}\n{card.as_text()}" for card in others)))

    async def send(self, cards: Sequence[Card], http: "httpx2.AsyncClient | None") -> Sent:  # noqa: ARG002 - Apprise has its own
        """See `Channel`."""
        return Sent(await self.send_text(cards[0].title, self.payload(cards)))

    async def send_text(self, title: str, body: str) -> SendResult:
        """Send one message, which is plain text, and say what became of it."""
        # Apprise's services run `requests`, also behind its asynchronous call: only a thread keeps the loop free.
        result = await asyncio.to_thread(
            self._apprise.notify, body, title=title, body_format="text", timeout=SEND_SECONDS
        )
        if result:
            return SendResult.TAKEN
        return SendResult.UNKNOWN if result.timeout_count else SendResult.REFUSED


class CardChannel:
    """A webhook that takes JSON of its service's own shape; see `Channel`.

    Args:
        url: Its address, all of which is secret.
        scheme: Which service it is.
    """

    has_cards = True

    def __init__(self, url: str, scheme: str) -> None:
        self._url = url
        self.scheme = scheme
        self.name = name_of(url)
        slack = scheme == "slack"
        self._shape = slack_message if slack else teams_message
        self.sanitize: Callable[[object], str] = plain_line if slack else without_markup

    @property
    def origin(self) -> str:
        """See `Channel`."""
        import httpx2  # noqa: PLC0415 - see above

        url = httpx2.URL(self._url)
        return f"{url.scheme}://{url.netloc.decode()}"

    def payload(self, cards: Sequence[Card]) -> dict[str, Any]:
        """The service's own shape."""
        return self._shape(cards)

    async def send(self, cards: Sequence[Card], http: "httpx2.AsyncClient | None") -> Sent:
        """See `Channel`."""
        assert http is not None  # noqa: S101 - there is one where there are cards
        answer = await posted(http, self._url, self.payload(cards))
        if isinstance(answer, Sent):
            return answer
        return Sent(SendResult.TAKEN) if answer.is_success else refusal(answer)


async def posted(
    http: "httpx2.AsyncClient", url: str, payload: object, headers: dict[str, str] | None = None
) -> "httpx2.Response | Sent":
    """The answer to a POST of JSON, or what became of one without an answer."""
    import httpx2  # noqa: PLC0415 - see above

    try:
        async with asyncio.timeout(SEND_SECONDS):
            return await http.post(url, json=payload, headers=headers)
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.InvalidURL):
        return Sent(SendResult.REFUSED)
    except (httpx2.RequestError, TimeoutError):
        return Sent(SendResult.UNKNOWN)


def refusal(answer: "httpx2.Response") -> Sent:
    """What an answer says that is none of success: with 429 also when to come again."""
    from salesloft_webhooks.outgoing_http import retry_after_seconds  # noqa: PLC0415 - see above

    if answer.status_code != TOO_MANY_REQUESTS:
        return Sent(SendResult.REFUSED)
    return Sent(SendResult.REFUSED, retry_after_seconds(answer) or LIMIT_SECONDS)


def name_of(address: str) -> str:
    """What a channel is called in claims: its address cannot be got back from it."""
    return hashlib.sha256(address.encode()).hexdigest()[:16]


_HOST = re.compile(r"https://([^/?#:@]+)(?::\d+)?/")
_HOSTS = {
    "hooks.slack.com": "slack",
    "hooks.slack-gov.com": "slack",
    ".logic.azure.com": "teams",
    ".logic.azure.us": "teams",
    ".api.powerplatform.com": "teams",
    ".webhook.office.com": "teams",
}
"""Hosts of webhooks, whole or below a domain."""


def channel_for(url: str) -> Channel:
    """The channel of an address: a webhook of Slack or Teams as they show it, or any that Apprise understands.

    ``slack+https://...`` and ``teams+https://...`` name the service where the host does not tell, as behind a relay.

    Raises:
        ConfigurationError: nobody understands the address.
    """
    service, plus, address = url.partition("+")
    if plus and service in {"slack", "teams"} and address.startswith(("https://", "http://")):
        return CardChannel(address, service)
    if found := _HOST.match(url):
        host = found[1].lower()
        for known, scheme in _HOSTS.items():
            if host == known or (known.startswith(".") and host.endswith(known)):
                return CardChannel(url, scheme)
    return AppriseChannel(url)


@contextmanager
def _unheard(name: str) -> Iterator[None]:
    """Let a library log nothing: Apprise quotes an address that it does not understand, with all its secrets."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
