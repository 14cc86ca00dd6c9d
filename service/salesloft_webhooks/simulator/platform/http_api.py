"""SalesLoft's API over HTTP: who may ask, at what price, and what is answered."""

import asyncio
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import msgspec
from aiohttp import web

from salesloft_webhooks.simulator.platform.access import Access
from salesloft_webhooks.simulator.platform.answers import (
    NO_TOKEN,
    error,
    failed,
    instead,
    invalid,
    json_answer,
    small_scope,
    spent,
    unknown_token,
)
from salesloft_webhooks.simulator.platform.behaviour import Behaviour
from salesloft_webhooks.simulator.platform.faults import Fault, Faults
from salesloft_webhooks.simulator.platform.rate_limit import RateLimit, price
from salesloft_webhooks.simulator.platform.record_query import LISTED, page_number, page_of
from salesloft_webhooks.simulator.platform.registered_subscriptions import RegisteredSubscriptions
from salesloft_webhooks.simulator.platform.team_records import TeamRecords

VERSION = "/v2"
TOKEN = "/oauth/token"  # noqa: S105 - a path
SUBSCRIPTIONS = "/webhook_subscriptions"
_BEARER = "Bearer "
_OF_REQUESTS = frozenset(Fault) - {Fault.DROPPED}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpApi:
    """The application. One object for each thing the API is about, put together by `SimulatedPlatform`."""

    def __init__(
        self,
        access: Access,
        subscriptions: RegisteredSubscriptions,
        records: TeamRecords,
        rate_limit: RateLimit,
        faults: Faults,
        behaviour: Behaviour,
    ) -> None:
        self._access, self._subscriptions, self._records = access, subscriptions, records
        self._rate_limit, self._faults, self._behaviour = rate_limit, faults, behaviour
        self.stopping = asyncio.Event()

    def application(self) -> web.Application:
        """As aiohttp serves it. Every path also ends in ``.json``."""
        application = web.Application(middlewares=[self._around])
        router = application.router
        router.add_post(TOKEN, self._issue)
        for path in LISTED:
            for ending in ("", ".json"):
                router.add_get(f"{VERSION}{path}{ending}", self._list)
        router.add_get(f"{VERSION}{SUBSCRIPTIONS}", self._all_subscriptions)
        router.add_post(f"{VERSION}{SUBSCRIPTIONS}", self._subscribe)
        one = f"{VERSION}{SUBSCRIPTIONS}/{{id}}"
        router.add_get(one, self._one_subscription)
        router.add_put(one, self._update)
        router.add_delete(one, self._delete)
        return application

    @web.middleware
    async def _around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """What every request goes through: the fault that was ordered, the token, the rate limit, the headers."""
        ordered = self._faults.next(request.path, request.method, among=_OF_REQUESTS)
        fault, wait_seconds = (ordered.fault, ordered.wait_seconds) if ordered else (None, 0.0)
        if fault is Fault.HANG:
            await self.stopping.wait()
        if fault is Fault.SLOW:
            await self._wait(wait_seconds)
        if fault is Fault.SPENT:
            self._rate_limit.use_up()
        early = self._spent(wait_seconds) if fault is Fault.SPENT else instead(fault)
        if early is not None:
            return self._with_headers(early, 1, fault)
        cost = price(page_number(request.query)) if request.method == "GET" else 1
        answer: web.StreamResponse = self._refused(request, cost) or await self._handled(request, handler)
        if fault is Fault.ERROR_AFTER:
            answer = failed()
        if fault is Fault.RESET and request.transport is not None:
            request.transport.close()
        answer = self._with_headers(answer, cost, fault)
        if fault is Fault.TRICKLE:
            return await self._trickle(request, answer)
        return answer

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()

    def _refused(self, request: web.Request, cost: int) -> web.Response | None:
        if request.path == TOKEN:
            return None
        header = request.headers.get("Authorization", "")
        token = header.removeprefix(_BEARER)
        if not header.startswith(_BEARER) or not token:
            return error(401, NO_TOKEN)
        if not self._access.known(token):
            return unknown_token()
        if not self._rate_limit.take(cost):
            return self._spent()
        return None if self._access.may(token, request.path) else small_scope()

    def _spent(self, wait_seconds: float = 0.0) -> web.Response:
        said = self._rate_limit.seconds_to_next if self._behaviour.retry_after else 0.0
        return spent(wait_seconds or said)

    async def _handled(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return error(404, "Not Found")
        except web.HTTPMethodNotAllowed:
            return error(404, "Not Found")

    def _with_headers(self, answer: web.StreamResponse, cost: int, fault: Fault | None) -> web.StreamResponse:
        now = datetime.fromtimestamp(self._behaviour.clock(), UTC)
        if fault is Fault.WRONG_DATE:
            now += timedelta(hours=1)
        answer.headers["Date"] = format_datetime(now, usegmt=True)
        answer.headers["x-ratelimit-endpoint-cost"] = str(cost)
        answer.headers["x-ratelimit-remaining-minute"] = str(self._rate_limit.left)
        return answer

    async def _trickle(self, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
        endless = web.StreamResponse(status=answer.status, headers=answer.headers)
        await endless.prepare(request)
        with suppress(ConnectionResetError):  # whoever asked has had enough
            while not self.stopping.is_set():
                await endless.write(b" ")
                await asyncio.sleep(0.05)
        return endless

    async def _list(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix(VERSION).removesuffix(".json")
        body, problems = page_of(self._records.of(path).values(), LISTED[path], request.query)
        return invalid(problems) if problems else json_answer(body)

    async def _issue(self, request: web.Request) -> web.Response:
        fields = {**request.query, **await _fields(request)}
        header = request.headers.get("Authorization", "")
        if header.startswith("Basic "):
            try:
                login = b64decode(header.removeprefix("Basic "), validate=True).decode()
            except (NotBase64, UnicodeDecodeError):
                login = ""
            fields["client_id"], _, fields["client_secret"] = login.partition(":")
        status, body = self._access.issue(fields)
        return json_answer(body, status)

    async def _all_subscriptions(self, request: web.Request) -> web.Response:
        wanted = request.query.get("enabled")
        found = [self._shown(each) for each in self._subscriptions if wanted in (None, str(each["enabled"]).lower())]
        if not self._behaviour.wrapped:
            return json_answer(found)
        return json_answer({"metadata": {"filtering": {}, "paging": {}, "sorting": {}}, "data": found})

    async def _subscribe(self, request: web.Request) -> web.Response:
        record, problems = self._subscriptions.create(await _fields(request))
        return invalid(problems) if record is None else self._subscription(record)

    async def _one_subscription(self, request: web.Request) -> web.Response:
        record = self._subscriptions.get(_identity(request))
        return error(404, "Not Found") if record is None else self._subscription(record)

    async def _update(self, request: web.Request) -> web.Response:
        identity = _identity(request)
        if self._subscriptions.get(identity) is None:
            return error(404, "Not Found")
        return self._subscription(self._subscriptions.update(identity, await _fields(request)))

    async def _delete(self, request: web.Request) -> web.Response:
        identity = _identity(request)
        if not self._subscriptions.was(identity):
            return error(404, "Not Found")
        self._subscriptions.delete(identity)
        return web.Response(status=204)

    def _subscription(self, record: Mapping[str, Any]) -> web.Response:
        shown = self._shown(record)
        return json_answer({"data": shown} if self._behaviour.wrapped else shown)

    def _shown(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        return record if self._behaviour.shown_tokens else {**record, "callback_token": None}


def _identity(request: web.Request) -> int:
    text = request.match_info["id"]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


async def _fields(request: web.Request) -> dict[str, str]:
    """The fields of a body: a form, as the description says, or JSON, as SalesLoft's collection of examples has it."""
    if request.content_type == "application/json":
        try:
            found = msgspec.json.decode(await request.read())
        except msgspec.DecodeError:
            return {}
        return {name: _text(value) for name, value in found.items()} if isinstance(found, dict) else {}
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value or "")
