"""A mail that is about to be sent: whoever subscribed to `link_swap` is asked where its links shall lead.

Its sender waits. What SalesLoft does without a usable answer is published nowhere; here such a mail goes out with its
own links, and says what it was answered.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import msgspec

from salesloft_webhooks.dialects import DialectKeys, OutgoingEvent
from salesloft_webhooks.simulator.platform.behaviour import Behaviour
from salesloft_webhooks.simulator.platform.callback_client import CallbackClient
from salesloft_webhooks.simulator.platform.registered_subscriptions import RegisteredSubscriptions
from salesloft_webhooks.simulator.sales_team import LINK_SWAP
from salesloft_webhooks.simulator.signed_deliveries import Signer


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that went out.

    Attributes:
        links: Where each of its links leads, by the link as it was written.
        status: What was answered to the question; None: nothing, or nobody was asked.
        waited_seconds: How long it was held up.
    """

    links: Mapping[str, str]
    status: int | None
    waited_seconds: float


class _Answer(msgspec.Struct):
    links: dict[str, str]


class OutgoingMail:
    """Sends mails; use as ``async with``.

    Args:
        subscriptions: Say who is asked, and by which token; the first of `link_swap`.
        behaviour: How long an answer is waited for.
    """

    def __init__(self, subscriptions: RegisteredSubscriptions, behaviour: Behaviour) -> None:
        self._subscriptions, self._behaviour = subscriptions, behaviour
        self._client = CallbackClient(behaviour)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.__aexit__(*error)

    async def send(self, mail: dict[str, Any]) -> SentMail:
        """Ask about the links of a mail, once, and send it.

        Args:
            mail: With ``links``, as `SalesTeam.next_of` makes one for `LINK_SWAP`.
        """
        asked = next(iter(self._subscriptions.of(LINK_SWAP)), None)
        own = {link: link for link in mail["links"]}
        if asked is None:
            return SentMail(own, None, 0.0)
        signer = Signer(DialectKeys(callback_tokens=(asked["callback_token"].encode(),)))
        (dialect,) = signer.dialects
        question = signer.delivery(dialect, OutgoingEvent(LINK_SWAP, "", "", mail), int(self._behaviour.clock()))
        began = time.monotonic()
        status, body = await self._client.ask(asked["callback_url"], question)
        links = own | {old: new for old, new in _links(status, body).items() if old in own}
        return SentMail(links, status, time.monotonic() - began)


def _links(status: int | None, body: bytes) -> dict[str, str]:
    try:
        return msgspec.json.decode(body, type=_Answer).links if status == 200 else {}
    except msgspec.MsgspecError:
        return {}
