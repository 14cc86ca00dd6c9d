"""Real processes on a server that answers everything and refuses to write: seen by who looks, and over by itself."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.http_client import exchange, request
from tests.support.prometheus_processes import MISSING, PROMETHEUS, Prometheus
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.refusing_servers import REFUSALS, allow
from tests.support.servers import Server, engines
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

GRACE_SECONDS = 2.0
ALERT_SECONDS = 120


@dataclass
class Roles:
    """A receiver and a worker that have nothing to do, not started yet: their logs belong to the test."""

    server: Server
    receiver: ReceiverProcess
    worker: WorkerProcess

    def start(self) -> None:
        """Start both."""
        self.receiver.start()
        self.worker.start()

    def readiness(self, port: int) -> tuple[int, str]:
        """What a process says of itself."""
        reply = exchange(port, request("GET", "/readyz"))
        return reply.status, reply.body.decode()


@pytest.fixture
def roles(tmp_path: Path) -> Iterator[Roles]:
    """On a server of their own."""
    directory = tmp_path / "data"
    directory.mkdir()
    settings = {"READINESS_GRACE_SECONDS": str(GRACE_SECONDS), "STORE_TIMEOUT_SECONDS": "1", "UPKEEP_SECONDS": "1"}
    settings |= {"LOG_FORMAT": "json", "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/events.db"}
    server = Server(engines()["valkey"], directory).start()
    receiver = ReceiverProcess(server.url, settings)
    worker = WorkerProcess("activity", server.url, dict(settings))
    try:
        yield Roles(server, receiver, worker)
    finally:
        receiver.kill()
        worker.kill()
        server.stop(kill=True)


@pytest.mark.parametrize("kind", ["out of memory", "too few replicas", "no right to add", "no snapshots", "a replica"])
def test_an_idle_receiver_says_so(roles: Roles, capfd: pytest.CaptureFixture[str], kind: str) -> None:
    """Metric, readiness after the grace time, and log say the server's words without an address; then all is well."""
    roles.start()
    refusal = REFUSALS[kind]
    receiver = roles.receiver
    with roles.server.client() as client:
        refusal.begin(roles.server, client)
        wait_until(
            lambda: receiver.metric("salesloft_webhooks_store_available", role="receiver") == 0,
            description="the metric falls",
        )
        in_grace = roles.readiness(receiver.ops_port)[0]
        wait_until(lambda: receiver.probe("/readyz") == 503, description="readiness follows")
        _, why = roles.readiness(receiver.ops_port)
        refused = receiver.send(delivery(envelope("evt-1"))).status
        refusal.end(roles.server, client)
        wait_until(lambda: receiver.probe("/readyz") == 200, description="the receiver is ready again")

    assert (in_grace, refused, receiver.probe("/livez")) == (200, 503, 200)
    assert refusal.code in why
    assert receiver.metric("salesloft_webhooks_store_available", role="receiver") == 1
    assert receiver.send(delivery(envelope("evt-1"))).status == 200
    logs = "".join(capfd.readouterr())
    lines = [json.loads(line) for line in logs.splitlines() if line.startswith("{")]
    reasons = [line["reason"] for line in lines if (line["role"], line["event"]) == ("receiver", "store.unavailable")]
    assert any(refusal.code in reason for reason in reasons), logs
    assert not [text for text in (why, *reasons) if "127.0.0.1" in text or str(roles.server.port) in text]


def test_an_idle_worker_says_so(roles: Roles) -> None:
    """A worker without work, which may read and not write, falls and rises in the same way."""
    roles.start()
    refusal = REFUSALS["a replica"]
    worker = roles.worker
    with roles.server.client() as client:
        refusal.begin(roles.server, client)
        wait_until(
            lambda: worker.metric("salesloft_webhooks_store_available", role="worker") == 0,
            description="the metric falls",
        )
        in_grace = roles.readiness(worker.ops_port)[0]
        wait_until(lambda: roles.readiness(worker.ops_port)[0] == 503, description="readiness follows")
        _, why = roles.readiness(worker.ops_port)
        refusal.end(roles.server, client)
        wait_until(lambda: roles.readiness(worker.ops_port)[0] == 200, description="the worker is ready again")

    assert in_grace == 200
    assert "READONLY" in why
    assert worker.metric("salesloft_webhooks_store_available", role="worker") == 1


def test_a_worker_that_may_take_and_not_settle(roles: Roles) -> None:
    """While takes succeed and outcomes cannot be stored, the metric stays down instead of changing with each call."""
    roles.start()
    worker = roles.worker
    with roles.server.client() as client:
        allow(client, "-xack")
        assert roles.receiver.send(delivery(envelope("evt-1", event_type="call.completed"))).status == 200
        wait_until(
            lambda: worker.metric("salesloft_webhooks_store_available", role="worker") == 0,
            description="the metric falls",
        )
        wait_until(lambda: roles.readiness(worker.ops_port)[0] == 503, description="readiness follows")
        seen = {worker.metric("salesloft_webhooks_store_available", role="worker") for _ in range(200)}
        allow(client, "+xack")
        wait_until(lambda: roles.readiness(worker.ops_port)[0] == 200, description="the worker is ready again")

    assert seen == {0}


@pytest.mark.skipif(PROMETHEUS is None, reason=MISSING)
@pytest.mark.timeout(240)
def test_an_alert_fires_within_two_minutes(roles: Roles, tmp_path: Path) -> None:
    """A real Prometheus at its usual pace, with the alert's own waiting time: nothing can be stored, and it fires."""
    roles.start()
    with (
        Prometheus(
            tmp_path / "prometheus", targets={"receiver": [roles.receiver.ops_port]}, interval="15s"
        ) as prometheus,
        roles.server.client() as client,
    ):
        wait_until(lambda: bool(prometheus.query("up == 1")), seconds=40, description="the receiver is scraped")
        client.config_set("maxmemory", 1)

        wait_until(
            lambda: "SalesloftWebhooksStoreDown" in firing(prometheus),
            seconds=ALERT_SECONDS,
            description="the alert fires",
        )


def firing(prometheus: Prometheus) -> set[str]:
    """The alerts that fire now."""
    return {rule["name"] for rule in prometheus.rules() if rule["type"] == "alerting" and rule["state"] == "firing"}
