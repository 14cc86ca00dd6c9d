"""Consumer groups under the operator: a real store, a real API server, and looks that a test takes one by one."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from pydantic import SecretStr

from salesloft_webhooks.broker import Outcome, Store, open_store
from salesloft_webhooks.broker.rights import Role
from salesloft_webhooks.operator.api_group import API_VERSION, Kind
from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.operator.controller import Reconciliation
from salesloft_webhooks.operator.group_controller import GroupController
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import OperatorTelemetry
from tests.chart.api_server import ApiServer
from tests.operator.definitions import path
from tests.support.broker_driver import Driven
from tests.support.servers import Server

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@dataclass
class LookedAfter:
    """The groups of a namespace and a store.

    Attributes:
        kubernetes: The API server, as people use it.
        cluster: The namespace, as the operator does.
        driven: The store, as receivers and workers do.
        store: The store, as the operator's user.
        leads: Whether the operator leads, asked before each change.
        now: The operator's monotonic clock.
    """

    kubernetes: ApiServer
    cluster: Cluster
    driven: Driven
    store: Store
    leads: Callable[[], bool] = lambda: True
    now: float = 1_000.0
    controller: GroupController = field(init=False)
    _workers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A new operator, which remembers nothing."""
        telemetry = OperatorTelemetry(Kind.SUBSCRIPTION, others=[Kind.GROUP])
        self.controller = GroupController(self.cluster, self.store, self.may_act, telemetry, clock=lambda: self.now)

    def may_act(self) -> bool:
        """Whether it leads."""
        return self.leads()

    async def look(self, seconds: float = 15.0) -> dict[str, Reconciliation]:
        """One look, so many seconds after the one before, at everything; by object how it ended."""
        self.now += seconds
        objects = await self.controller.list()
        return {each.metadata.name: await self.controller.reconcile(each) for each in objects}

    def declare(self, name: str = "crm", **spec: Any) -> None:
        """Somebody creates an object."""
        content = {"apiVersion": API_VERSION, "kind": str(Kind.GROUP), "metadata": {"name": name}, "spec": spec}
        self.kubernetes.request("POST", self._path(), content)

    def change(self, name: str = "crm", **spec: Any) -> None:
        """Somebody changes an object's spec; None takes a field out."""
        kind = "application/merge-patch+json"
        self.kubernetes.request("PATCH", self._path(name), {"spec": spec}, content_type=kind)

    def withdraw(self, name: str = "crm") -> None:
        """Somebody deletes an object."""
        self.kubernetes.request("DELETE", self._path(name))

    def names(self) -> list[str]:
        """The names of all objects."""
        return sorted(each["metadata"]["name"] for each in self.kubernetes.request("GET", self._path())["items"])

    def object(self, name: str = "crm") -> Any:
        """An object as it stands there."""
        return self.kubernetes.request("GET", self._path(name))

    def status(self, name: str = "crm") -> dict[str, Any]:
        """Its status."""
        found: dict[str, Any] = self.object(name).get("status", {})
        return found

    def condition(self, kind: str = "Ready", name: str = "crm") -> tuple[str, str]:
        """Status and reason of one of its conditions."""
        (found,) = (each for each in self.status(name)["conditions"] if each["type"] == kind)
        return found["status"], found["reason"]

    def columns(self, name: str = "crm") -> dict[str, Any]:
        """What `kubectl get` shows of it, by column, also those of `-o wide`."""
        table = self.kubernetes.request("GET", self._path(name), accept=TABLE)
        return dict(zip([each["name"] for each in table["columnDefinitions"]], table["rows"][0]["cells"], strict=True))

    def events(self) -> list[str]:
        """Types and reasons of the events, the earliest first."""
        where = f"apis/events.k8s.io/v1/namespaces/{self.cluster.namespace}/events"
        found = sorted(self.kubernetes.request("GET", where)["items"], key=lambda each: str(each["eventTime"]))
        return [f"{each['type']} {each['reason']}" for each in found]

    async def takes(self, group: str = "crm") -> bool:
        """Whether a worker that asks is leased anything, which it hands back; there has to be something."""
        worker = await self.driven.group(group, f"worker-{next(self._workers)}")  # a call of the same one is a repeat
        taken = await self.driven.take(worker, 1)
        await self.driven.settle(worker, taken, Outcome.RELEASE)
        return bool(taken)

    def status_command(self) -> dict[str, dict[str, Any]]:
        """What `salesloft-webhooks status --json` says of each group, by its name."""
        command = [sys.executable, "-m", "salesloft_webhooks", "status", "--json"]
        environment = {"REDIS_URL": self.driven.server.url, "PARTITIONS": str(self.driven.store.partitions)}
        found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=30)
        return {each["group"]: each for each in json.loads(found.stdout)["groups"]}

    def _path(self, name: str = "") -> str:
        return path(self.cluster.namespace, Kind.GROUP, name)


@asynccontextmanager
async def looked_after(kubernetes: ApiServer, cluster: Cluster, server: Server) -> AsyncIterator[LookedAfter]:
    """The groups of an empty store of three partitions."""
    settings = Settings.load(redis_url=SecretStr(server.url), partitions=3)
    own = Settings.load(redis_url=SecretStr(server.url_of(Role.OPERATOR)), partitions=3)
    async with open_store(settings) as store, open_store(own) as operators:
        yield LookedAfter(kubernetes, cluster, Driven(store, settings, server), operators)
    assert server.refused() == set()
