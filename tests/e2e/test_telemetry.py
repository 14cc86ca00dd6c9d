"""A whole run of real processes: its traces tell one story, and nothing it writes is secret or personal."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.http_client import exchange, request
from tests.support.receiver_process import PATH, SECRET, TOKEN, ReceiverProcess, delivery, envelope, native_headers
from tests.support.servers import Server, engines
from tests.support.trace_collectors import CONSUMER, PRODUCER, SERVER, Received, http_collector
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

NAME, ADDRESS, NUMBER = "Plantedname", "planted.person@example.com", "+1-555-0142-planted"
PERSON = {"id": 7, "first_name": NAME, "email_address": ADDRESS, "phone": NUMBER}
PLANTED = (NAME, ADDRESS, "planted.person", NUMBER, SECRET, TOKEN, "forged-signature-planted")


@contextmanager
def pipeline(directory: Path, **settings: str) -> Iterator[tuple[Server, ReceiverProcess, WorkerProcess]]:
    """A store, a receiver and a worker whose handlers quote events, all with production's log settings."""
    server = Server(engines()["valkey"], directory).start()
    settings |= {"LOG_LEVEL": "info", "LOG_FORMAT": "json", "UPKEEP_SECONDS": "1"}
    receiver = ReceiverProcess(server.url, dict(settings))
    worker = WorkerProcess(
        "quoting",
        server.url,
        settings | {"WORKER_HANDLERS": "tests.e2e.quoting:router", "BACKOFF_BASE_SECONDS": "0.1"},
    )
    try:
        with receiver:
            yield server, receiver, worker.start()
            receiver.terminate()
            receiver.wait()
    finally:
        worker.kill()
        server.stop(kill=True)


def everything_that_happens(receiver: ReceiverProcess) -> None:
    """Deliveries that are handled, retried, given up, repeated, forged, unreadable, too large."""
    for number, kind in enumerate(("updated", "created", "deleted", "updated")):
        receiver.send(delivery(envelope(f"e{number}", event_type=f"person.{kind}", data=PERSON)))
    receiver.send(delivery(envelope("e0", data=PERSON)))
    body = json.dumps(PERSON).encode()
    receiver.send(request("POST", PATH, native_headers(body, "person_updated"), body))
    receiver.send(request("POST", PATH, {"X-Salesloft-Signature": "forged-signature-planted"}, body))
    receiver.send(request("POST", PATH, native_headers(body, NAME), body))
    receiver.send(delivery(body[:-1]))
    receiver.send(request("POST", f"{PATH}/{ADDRESS}", native_headers(body, "person_updated"), body))
    receiver.send(delivery(envelope("big", data=PERSON | {"note": NAME * 200_000})))


def page(port: int) -> str:
    """The metrics of a process."""
    return exchange(port, request("GET", "/metrics")).body.decode()


def test_nothing_secret_or_personal_is_written(own_directory: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Planted keys, names, addresses and numbers appear in no log line, no metric and no span of a whole run."""
    with (
        http_collector() as collector,
        pipeline(own_directory, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint) as (server, receiver, worker),
    ):
        everything_that_happens(receiver)
        wait_until(lambda: 'reason="permanent"} 1.0' in page(worker.ops_port), description="a dead letter")
        wait_until(lambda: 'outcome="retried"} 3.0' in page(worker.ops_port), description="the retries")
        metrics = page(receiver.ops_port) + page(worker.ops_port)
        server.stop(kill=True)
        receiver.send(delivery(envelope("lost", data=PERSON)))
        wait_until(
            lambda: 'store_available{role="worker"} 0.0' in page(worker.ops_port), description="the worker notices"
        )

    logs = "".join(capfd.readouterr())
    events = {json.loads(line)["event"] for line in logs.splitlines() if line.startswith("{")}
    written = logs + metrics + "".join(str(request) for request in collector.requests)
    assert [planted for planted in PLANTED if planted in written] == []
    assert {
        "attempt.retried",
        "attempt.dead",
        "delivery.rejected",
        "delivery.unreadable",
        "delivery.refused",
        "library.message",
        "store.unavailable",
    } <= events


def test_every_line_of_a_run_is_one_json_object(own_directory: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Whoever writes in a process, our code, uvicorn, asyncio or a handler, it is a JSON event with the same fields."""
    with pipeline(own_directory) as (_, receiver, worker):
        everything_that_happens(receiver)
        wait_until(lambda: 'reason="permanent"} 1.0' in page(worker.ops_port), description="a dead letter")

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert lines
    assert all({"timestamp", "level", "event", "role"} <= set(line) for line in lines)
    assert {line["role"] for line in lines} == {"receiver", "worker"}


def test_one_delivery_is_one_story(own_directory: Path) -> None:
    """Request, publish, failed attempt and successful attempt are one trace, over two processes and the stream."""
    with http_collector() as collector:
        exporting = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with pipeline(own_directory, **exporting) as (_, receiver, __):
            receiver.send(delivery(envelope("e1", data=PERSON)))
            wait_until(lambda: len(collector.spans) == 4, description="four spans")

    assert_story(collector)


def assert_story(collector: Received) -> None:
    """The four spans hang together, the attempts linked to the span that published."""
    request_span, publish, first, second = collector.spans
    assert [each.span.kind for each in collector.spans] == [SERVER, PRODUCER, CONSUMER, CONSUMER]
    assert len({each.span.trace_id for each in collector.spans}) == 1
    assert request_span.span.name == f"POST {PATH}"
    assert publish.span.parent_span_id == request_span.span.span_id
    assert {each.span.parent_span_id for each in (first, second)} == {publish.span.span_id}
    assert [link.span_id for each in (first, second) for link in each.span.links] == [publish.span.span_id] * 2
    assert [each.attributes["salesloft.outcome"] for each in (first, second)] == ["retried", "done"]
    assert {each.service for each in (first, second)} == {"salesloft-webhooks-worker"}


@pytest.fixture
def own_directory(tmp_path: Path) -> Path:
    """Where the test's own server keeps its data."""
    directory = tmp_path / "valkey"
    directory.mkdir()
    return directory
