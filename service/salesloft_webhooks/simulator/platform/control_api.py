"""A second port of the simulated SalesLoft, which the real one does not have: for tests, to look and to interfere.

| request | what |
|---|---|
| ``GET /account`` | what became of all changes (`Account.plain`), and what else there is |
| ``GET /changes?after=N&limit=M`` | the changes after the one of that number, one by one |
| ``POST /changes`` ``{"count": 50, "event": "person_created"}`` | so many happen at once, of any event type or of one |
| ``POST /mails`` ``{"count": 3}`` | so many mails are sent, one after the other: what each was answered and its links |
| ``PUT /load`` ``{"rate": 40}`` | so many happen a second from now on; 0: none |
| ``GET /faults`` | what is still to go wrong |
| ``POST /faults`` ``{"fault": "error", "path": "/v2/people", "during_seconds": 3600}`` | an order (`Faults.order`) |
| ``DELETE /faults`` | all is well again |
| ``POST /tokens`` ``{"allow": "..."}`` or ``{"revoke": "..."}`` | which tokens are valid |
| ``GET /readyz`` | 200 as soon as both ports listen |

It is open to whoever reaches it: keep it where only tests do.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from salesloft_webhooks.dialects.names import DOTTED
from salesloft_webhooks.simulator.platform.access import Access
from salesloft_webhooks.simulator.platform.account import Account
from salesloft_webhooks.simulator.platform.answers import error, json_answer
from salesloft_webhooks.simulator.platform.faults import Fault, Faults
from salesloft_webhooks.simulator.platform.generated_load import EVENTS, GeneratedLoad
from salesloft_webhooks.simulator.platform.outgoing_mail import OutgoingMail

MOST_CHANGES = 10_000
MOST_MAILS = 1_000
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Order = TypeVar("Order", bound=msgspec.Struct)


class FaultOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What is posted to ``/faults``; see `Faults.order`."""

    fault: Fault
    path: str = ""
    method: str = ""
    times: int = 1
    during_seconds: float | None = None
    wait_seconds: float = 0.0


class LoadOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What is put to ``/load``."""

    rate: float


class ChangesOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What is posted to ``/changes``."""

    count: int = 1
    event: str = ""


class MailsOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What is posted to ``/mails``."""

    count: int = 1


class TokenOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What is posted to ``/tokens``."""

    allow: str = ""
    revoke: str = ""


class ControlApi:
    """The application of the second port; `summary` is all that there is to tell."""

    def __init__(
        self,
        account: Account,
        load: GeneratedLoad,
        faults: Faults,
        access: Access,
        mail: OutgoingMail,
        summary: Callable[[], dict[str, Any]],
    ) -> None:
        self._account, self._load, self._faults, self._access, self._summary = account, load, faults, access, summary
        self._mail = mail

    def application(self) -> web.Application:
        """As aiohttp serves it."""
        application = web.Application(middlewares=[_refusing])
        router = application.router
        router.add_get("/readyz", self._ready)
        router.add_get("/account", self._tell)
        router.add_get("/changes", self._changes)
        router.add_post("/changes", self._happen)
        router.add_post("/mails", self._send)
        router.add_put("/load", self._switch)
        router.add_get("/faults", self._ordered)
        router.add_post("/faults", self._order)
        router.add_delete("/faults", self._clear)
        router.add_post("/tokens", self._token)
        return application

    async def _ready(self, _: web.Request) -> web.Response:
        return web.Response(text="ready\n")

    async def _tell(self, _: web.Request) -> web.Response:
        return json_answer(self._summary())

    async def _changes(self, request: web.Request) -> web.Response:
        after, limit = (_number(request, name, default) for name, default in (("after", 0), ("limit", 1_000)))
        found = self._account.since(after, min(limit, MOST_CHANGES))
        return json_answer([asdict(each) for each in found])

    async def _happen(self, request: web.Request) -> web.Response:
        order = await _read(request, ChangesOrder)
        if order.event and order.event not in EVENTS:
            words = "never happens here" if order.event in DOTTED else "is no event type of SalesLoft's"
            return error(400, f"{order.event} {words}")
        if not 0 <= order.count <= MOST_CHANGES:
            return error(400, f"count must lie between 0 and {MOST_CHANGES}")
        self._load.burst(order.count, order.event)
        return json_answer(self._summary())

    async def _send(self, request: web.Request) -> web.Response:
        order = await _read(request, MailsOrder)
        if not 0 <= order.count <= MOST_MAILS:
            return error(400, f"count must lie between 0 and {MOST_MAILS}")
        return json_answer([asdict(await self._mail.send(self._load.mail())) for _ in range(order.count)])

    async def _switch(self, request: web.Request) -> web.Response:
        order = await _read(request, LoadOrder)
        if order.rate < 0:
            return error(400, "rate must not be negative")
        self._load.rate = order.rate
        return json_answer(self._summary())

    async def _ordered(self, _: web.Request) -> web.Response:
        return json_answer([asdict(each) for each in self._faults.orders])

    async def _order(self, request: web.Request) -> web.Response:
        order = await _read(request, FaultOrder)
        self._faults.order(
            order.fault,
            path=order.path,
            method=order.method,
            times=order.times,
            during_seconds=order.during_seconds,
            wait_seconds=order.wait_seconds,
        )
        return await self._ordered(request)

    async def _clear(self, request: web.Request) -> web.Response:
        self._faults.clear()
        return await self._ordered(request)

    async def _token(self, request: web.Request) -> web.Response:
        order = await _read(request, TokenOrder)
        if order.allow:
            self._access.allow(order.allow)
        if order.revoke:
            self._access.revoke(order.revoke)
        return json_answer({})


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else default


async def _read(request: web.Request, kind: type[Order]) -> Order:
    return msgspec.json.decode(await request.read(), type=kind)


@web.middleware
async def _refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (msgspec.ValidationError, msgspec.DecodeError) as exc:
        return error(400, str(exc))
