"""Webhook subscriptions: which events SalesLoft sends where, and which token it signs them with."""

from collections.abc import Mapping
from typing import Any

import msgspec

from salesloft_webhooks.errors import SalesloftNotFound, SalesloftUnreadable
from salesloft_webhooks.salesloft.answers import record, records
from salesloft_webhooks.salesloft.exchange import Answer
from salesloft_webhooks.salesloft.transport import ApiRequest, Transport

PATH = "/webhook_subscriptions"
MOST_PAGES = 100
"""No team has ten thousand subscriptions: an answer that always names a next page is a mistake."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """One event type that is sent to one address.

    Attributes:
        id: SalesLoft's.
        event_type: SalesLoft's own name, e.g. ``person_updated``.
        callback_url: Where it is sent.
        callback_token: What it is signed with: a secret. Empty if SalesLoft does not show it.
        enabled: Whether it is sent. A subscription that does not say counts as enabled.
        tenant_id: The team; None if SalesLoft does not say.
        user_guid: Whose credentials made it; None if SalesLoft does not say.
        unknown: Fields that nobody here knows.
    """

    id: int
    event_type: str
    callback_url: str
    callback_token: str = ""
    enabled: bool = True
    tenant_id: int | None = None
    user_guid: str | None = None
    unknown: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        return f"Subscription(id={self.id}, event_type={self.event_type!r}, enabled={self.enabled})"


KNOWN_FIELDS = frozenset(Subscription.__struct_fields__) - {"unknown"}


class Subscriptions:
    """Those of one team, as these credentials may see them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def all(self, *, enabled: bool | None = None) -> list[Subscription]:
        """Every subscription, by id; only enabled or disabled ones, if asked for.

        Raises:
            SalesloftError: any of its kinds.
        """
        query = {} if enabled is None else {"enabled": _written(enabled)}
        found: dict[int, Subscription] = {}
        page: int | None = None
        for _ in range(MOST_PAGES):
            asked = query if page is None else {**query, "page": str(page)}
            some, following = await self._transport.send(ApiRequest("GET", PATH, asked), _read_many)
            found |= {each.id: each for each in some}
            if following is None or following == page:
                return [found[identity] for identity in sorted(found)]
            page = following
        raise SalesloftUnreadable(f"SalesLoft: the list of subscriptions does not end after {MOST_PAGES} pages")

    async def get(self, identity: int) -> Subscription:
        """One of them.

        Raises:
            SalesloftNotFound: there is none.
            SalesloftError: any of its kinds.
        """
        return await self._transport.send(ApiRequest("GET", f"{PATH}/{identity}"), _read_one)

    async def create(self, event_type: str, callback_url: str, callback_token: str) -> Subscription:
        """A new one. Never repeated blindly: after `SalesloftUnavailable.perhaps_done` the list shows whether it is.

        Raises:
            SalesloftRefused: SalesLoft does not want it; with its words by field.
            SalesloftError: any of its kinds.
        """
        form = {"event_type": event_type, "callback_url": callback_url, "callback_token": callback_token}
        return await self._transport.send(ApiRequest("POST", PATH, form=form, repeatable=False), _read_one)

    async def enable(self, identity: int) -> Subscription:
        """Have it sent again.

        Raises:
            SalesloftNotFound: there is none.
            SalesloftError: any of its kinds.
        """
        return await self._switch(identity, enabled=True)

    async def disable(self, identity: int) -> Subscription:
        """Have it sent no more, and keep it.

        Raises:
            SalesloftNotFound: there is none.
            SalesloftError: any of its kinds.
        """
        return await self._switch(identity, enabled=False)

    async def delete(self, identity: int) -> None:
        """Remove it for good; one that is not there any more is as good.

        Raises:
            SalesloftError: any of its kinds but `SalesloftNotFound`.
        """
        try:
            await self._transport.send(ApiRequest("DELETE", f"{PATH}/{identity}"), lambda _: None)
        except SalesloftNotFound:
            return

    async def _switch(self, identity: int, *, enabled: bool) -> Subscription:
        form = {"enabled": _written(enabled)}
        return await self._transport.send(ApiRequest("PUT", f"{PATH}/{identity}", form=form), _read_one)


def _written(value: bool) -> str:  # noqa: FBT001 - one value, written
    return "true" if value else "false"


def _read_many(answer: Answer) -> tuple[list[Subscription], int | None]:
    rows, paging = records(answer)
    return [_read(row) for row in rows], paging.next_page


def _read_one(answer: Answer) -> Subscription:
    return _read(record(answer))


def _read(row: bytes) -> Subscription:
    try:
        fields = msgspec.json.decode(row, type=dict[str, Any])
        known = {name: value for name, value in fields.items() if name in KNOWN_FIELDS and value is not None}
        unknown = {name: value for name, value in fields.items() if name not in KNOWN_FIELDS}
        return msgspec.convert({**known, "unknown": unknown}, Subscription, strict=False)
    except msgspec.MsgspecError:
        raise SalesloftUnreadable("SalesLoft: not a subscription as it is documented", perhaps_done=True) from None
