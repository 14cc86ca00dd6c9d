"""A team at SalesLoft, its declaration in Kubernetes, and the operator between them."""

import asyncio
import base64
import urllib.error
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.announced_keys import AnnouncedKeys, Announcement
from salesloft_webhooks.broker.rights import Role
from salesloft_webhooks.operator import run
from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.simulator.platform import SimulatedPlatform
from salesloft_webhooks.subscriptions import MasterKey
from tests.chart.api_server import ApiServer
from tests.operator.definitions import declare, patch, path
from tests.support.servers import Server
from tests.support.waiting import eventually

TOKEN = "an-invented-api-token"
KEY, NEXT_KEY = "1" * 64, "2" * 64
URL = "https://hooks.example.com/webhooks/salesloft"
EVENTS = ("call_created", "person_updated")


@dataclass
class Team:
    """All of it.

    Attributes:
        kubernetes: Where it is declared.
        namespace: Where there.
        platform: SalesLoft.
        valkey: Where receivers say which keys they accept.
        settings: More of the operator's.
    """

    kubernetes: ApiServer
    namespace: str
    platform: SimulatedPlatform
    valkey: Server
    settings: dict[str, object] = field(default_factory=dict)

    def secret(self, name: str, **data: str) -> None:
        """Write a Secret, whatever was in it."""
        encoded = {key.replace("_", "-"): base64.b64encode(value.encode()).decode() for key, value in data.items()}
        content = {"metadata": {"name": name}, "data": encoded}
        try:
            self.kubernetes.request("POST", path(self.namespace, Kind.SECRET), content)
        except urllib.error.HTTPError:
            self.kubernetes.request("PUT", path(self.namespace, Kind.SECRET, name), content)

    def login(self, token: str = TOKEN) -> None:
        """Write the Secret with the API token, which SalesLoft takes."""
        self.secret("salesloft-api", token=token)

    def keys(self, *keys: str) -> None:
        """Write the Secret with the keys."""
        self.secret("salesloft-keys", callback_secret=",".join(keys))

    async def accept(self, *keys: str, receiver: str = "receiver-1") -> None:
        """Have a receiver say that it accepts these keys, for half a minute."""
        prints = tuple(MasterKey(key.encode()).fingerprint for key in keys)
        async with open_store(self._settings(redis_url=self.valkey.url_of(Role.RECEIVER))) as store:
            announcement = Announcement(version="0", sources={"default": prints})
            await AnnouncedKeys(store).announce(receiver, announcement)

    async def given(self, *keys: str) -> None:
        """Everything there but the declaration: a login, and keys that a receiver accepts."""
        self.platform.access.allow(TOKEN)
        self.login()
        self.keys(*(keys or (KEY,)))
        await self.accept(*(keys or (KEY,)))

    def declare(self, name: str = "sales", **spec: Any) -> None:
        """Declare it."""
        api = {"baseUrl": self.platform.url, "tokenSecretRef": {"name": "salesloft-api"}}
        declare(self.kubernetes, self.namespace, name, **{"api": api, "callbackUrl": URL, "events": EVENTS, **spec})

    def change(self, name: str = "sales", **change: Any) -> None:
        """Change the declaration."""
        patch(self.kubernetes, self.namespace, Kind.SUBSCRIPTION, name, change)

    def delete(self, name: str = "sales") -> None:
        """Delete it, as `kubectl delete --wait=false` does."""
        self.kubernetes.request("DELETE", path(self.namespace, Kind.SUBSCRIPTION, name))

    def found(self, name: str = "sales") -> Any:
        """The object; None if it is gone."""
        try:
            return self.kubernetes.request("GET", path(self.namespace, Kind.SUBSCRIPTION, name))
        except urllib.error.HTTPError as exc:
            if exc.code == 404:
                return None
            raise

    def status(self, name: str = "sales") -> Any:
        """What it shows."""
        return (self.found(name) or {}).get("status") or {}

    def condition(self, kind: str, name: str = "sales") -> tuple[str, str]:
        """Status and reason of a condition; twice nothing if nothing is said of it."""
        for each in self.status(name).get("conditions", ()):
            if each["type"] == kind:
                return each["status"], each["reason"]
        return "", ""

    def message(self, kind: str, name: str = "sales") -> str:
        """The message of a condition."""
        return next((each["message"] for each in self.status(name).get("conditions", ()) if each["type"] == kind), "")

    def reasons(self) -> list[str]:
        """The reasons of all events."""
        found = self.kubernetes.request("GET", f"apis/events.k8s.io/v1/namespaces/{self.namespace}/events")["items"]
        return sorted(each["reason"] for each in found)

    def there(self, url: str = URL) -> dict[str, list[int]]:
        """Ids of the subscriptions of an address at SalesLoft, by event."""
        by_event: dict[str, list[int]] = {}
        for each in self.platform.subscriptions:
            if each["callback_url"] == url:
                by_event.setdefault(each["event_type"], []).append(each["id"])
        return by_event

    def signed_with(self, key: str) -> set[str]:
        """Events of which an enabled subscription is signed with a key."""
        master = MasterKey(key.encode())
        return {
            each["event_type"]
            for each in self.platform.subscriptions
            if each["enabled"] and each["callback_token"] == master.token(each["event_type"])
        }

    def subscribe(self, event: str, token: str, url: str = URL) -> int:
        """Somebody registers a subscription by hand; its id."""
        form = {"event_type": event, "callback_url": url, "callback_token": token}
        record, problems = self.platform.subscriptions.create(form)
        assert record is not None, problems
        return int(record["id"])

    @asynccontextmanager
    async def operator(self, **settings: object) -> AsyncIterator[asyncio.Event]:
        """The role, in this process; it is over when the event is set, and does not end by itself."""
        stop = asyncio.Event()
        running = asyncio.ensure_future(run(self._settings(**settings), stop))
        try:
            yield stop
            assert not running.done(), running
        finally:
            stop.set()
            await asyncio.wait_for(running, 15)

    async def ready(self, reason: str = "AsDeclared") -> None:
        """Wait until everything is delivered."""
        await self.shows(lambda: self.condition("Ready") == ("True", reason), f"Ready is True: {reason}")

    async def shows(self, condition: Callable[[], bool], description: str, seconds: float = 10) -> None:
        """Wait for something that the object shows; what it shows instead is in the failure."""
        try:
            await eventually(condition, description, seconds)
        except AssertionError as exc:
            raise AssertionError(f"{exc}; {self.status()}; {self.reasons()}") from None

    def _settings(self, **settings: object) -> Settings:
        ours: dict[str, object] = {
            "kubeconfig": self.kubernetes.kubeconfig(self.namespace),
            "redis_url": self.valkey.url_of(Role.OPERATOR),
            "host": "127.0.0.1",
            "ops_port": 0,
            "operator_resync_seconds": 0.5,
            "operator_api_urls": (self.platform.url, self.platform.token_url),
        }
        return Settings.load(**{**ours, **self.settings, **settings})
