"""Events forwarded to endpoints: signed, paced, and nowhere they must not go."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from salesloft_webhooks import Retry, Unavailable
from salesloft_webhooks.errors import ConfigurationError, HandlerSignal
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.handlers.outbound.public_addresses import Address, CheckedTransport
from salesloft_webhooks.handlers.running_group import RunningGroup
from salesloft_webhooks.settings import Settings
from tests.support import samples
from tests.support.standins.http import DISCONNECT, GARBAGE, Answer, StandIn

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
async def endpoint() -> AsyncIterator[StandIn]:
    """An endpoint that takes everything."""
    async with StandIn().running() as standin:
        yield standin


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the handlers file will be."""
    return tmp_path / "handlers.yaml"


def running(file: Path, url: str, **fields: Any) -> AbstractAsyncContextManager[RunningGroup]:
    """The group `forward-billing` with that endpoint."""
    section = {"url": url, "secrets": [SECRET], "timeout_seconds": 1.5, "allow_private_addresses": True, **fields}
    file.write_text(yaml.safe_dump({"forward": {"billing": section}}))
    settings = Settings.load(handlers_file=file)
    return load_group("forward-billing", (), settings).open(settings)


async def test_an_event_is_posted_signed(endpoint: StandIn, file: Path) -> None:
    """Type, time and data, with headers any Standard Webhooks library verifies; the same id in every attempt."""
    event = samples.email()
    async with running(file, f"{endpoint.url}/hook", headers={"X-Team": "billing"}) as group:
        await group.handle(event)
        await group.handle(event)

    first, second = endpoint.requests
    assert (first.method, first.path) == ("POST", "/hook")
    assert first.json == {"type": "email.opened", "timestamp": event.created_at, "data": event.data}
    assert first.headers["content-type"] == "application/json"
    assert first.headers["webhook-signature"].startswith("v1,")
    assert first.headers["x-team"] == "billing"
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


async def test_an_event_is_posted_as_a_cloudevent(endpoint: StandIn, file: Path) -> None:
    """With the attributes CloudEvents 1.0 requires."""
    event = samples.email(entity_key="person:164510523")
    async with running(file, endpoint.url, format="cloudevents") as group:
        await group.handle(event)

    (request,) = endpoint.requests
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert request.json == {
        "specversion": "1.0",
        "id": event.event_id,
        "source": "/salesloft/default",
        "type": "com.salesloft.email.opened",
        "time": "2026-03-07T09:26:14.444910Z",
        "datacontenttype": "application/json",
        "subject": "person:164510523",
        "data": event.data,
    }


def test_the_group_takes_the_endpoints_events(file: Path) -> None:
    """Its filter is the endpoint's, not everything."""
    section = {"url": "https://hooks.example.com", "secrets": [SECRET], "events": ["email.*", "call.completed"]}
    file.write_text(yaml.safe_dump({"forward": {"billing": section}}))

    group = load_group("forward-billing", (), Settings.load(handlers_file=file))

    assert group.patterns == ("email.*", "call.completed")


@pytest.mark.parametrize(
    ("answer", "signal"),
    [
        (Answer(429, headers={"Retry-After": "3"}), Unavailable),
        (Answer(503), Unavailable),
        (Answer(500), Retry),
        (Answer(delay_seconds=2), Retry),
        (Answer(trickle_seconds=0.1), Retry),
        (DISCONNECT, Retry),
        (GARBAGE, Retry),
        (Answer(410), Unavailable),
        (Answer(302, headers={"Location": "http://169.254.169.254/"}), Retry),
        *((Answer(status), Retry) for status in (304, 400, 401, 403, 404, 405, 413, 422, 504)),
    ],
    ids=[
        *("429", "503", "500", "slow", "trickling", "disconnect", "garbage", "gone", "redirect"),
        *("304", "400", "401", "403", "404", "405", "413", "422", "504"),
    ],
)
async def test_answers_become_signals(
    endpoint: StandIn, file: Path, answer: Answer, signal: type[HandlerSignal]
) -> None:
    """Nothing but a 2xx counts as taken, and no answer kills at once; a redirect is not followed."""
    endpoint.answers.append(answer)
    async with running(file, endpoint.url) as group:
        with pytest.raises(signal):
            await group.handle(samples.email())

    assert len(endpoint.requests) == 1


async def test_an_answer_without_an_end_is_not_read(endpoint: StandIn, file: Path) -> None:
    """The status decides; an endpoint cannot fill our memory or hold us with its body."""
    endpoint.answers.append(Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\nx"))
    async with running(file, endpoint.url) as group:
        await group.handle(samples.email())


@pytest.mark.parametrize("status", [302, 400, 401, 404, 413, 500])
async def test_different_events_refused_in_a_row_pause_the_group(endpoint: StandIn, file: Path, status: int) -> None:
    """With a limit of three, the third and every later one, whatever the status; a success starts the count anew."""
    refusal = Answer(status)
    endpoint.answers.extend([refusal] * 2 + [Answer(200)] + [refusal] * 5)
    kinds = []
    async with running(file, endpoint.url, breaker_failures=3, breaker_seconds=42) as group:
        for _ in range(8):
            try:
                await group.handle(samples.email())
                kinds.append("done")
            except Retry:
                kinds.append("retry")
            except Unavailable as signal:
                kinds.append(f"pause {signal.after_seconds:.0f}")

    assert kinds == ["retry", "retry", "done", "retry", "retry", "pause 42", "pause 42", "pause 42"]


async def test_an_endpoint_that_is_gone_pauses_its_group_until_a_person_looks(endpoint: StandIn, file: Path) -> None:
    """A day, said in the log together with the way to end it; the event is tried again after that."""
    endpoint.answers.append(Answer(410))
    event = samples.email()
    async with running(file, endpoint.url) as group:
        with pytest.raises(Unavailable, match="groups resume") as caught:
            await group.handle(event)
        await group.handle(event)

    assert caught.value.after_seconds == 86_400


@pytest.mark.parametrize(
    ("created_at", "second"), [("", 15), ("yesterday", 15), ("1772875574", 14)], ids=["none", "words", "epoch"]
)
async def test_a_message_always_has_a_time(endpoint: StandIn, file: Path, created_at: str, second: int) -> None:
    """Receivers refuse one without; where the sender wrote none, it is when the event was accepted."""
    async with running(file, endpoint.url) as group:
        await group.handle(samples.email(created_at=created_at))

    assert endpoint.requests[0].json["timestamp"] == f"2026-03-07T09:26:{second}+00:00"


async def test_requests_are_paced(endpoint: StandIn, file: Path) -> None:
    """With ten a second, thirty attempts at once: those within two seconds wait, the others pause the group."""
    async with running(file, endpoint.url, requests_per_second=10) as group:
        outcomes = await asyncio.gather(*(group.handle(samples.email()) for _ in range(30)), return_exceptions=True)

    assert len(endpoint.requests) == outcomes.count(None)
    assert 20 <= outcomes.count(None) <= 22
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes if outcome is not None)


async def test_requests_at_once_are_limited(endpoint: StandIn, file: Path) -> None:
    """Twelve attempts at once share two connections."""
    endpoint.respond = lambda _request: Answer(200, delay_seconds=0.02)
    async with running(file, endpoint.url, concurrency=2) as group:
        await asyncio.gather(*(group.handle(samples.email()) for _ in range(12)))

    assert len(endpoint.requests) == 12
    assert endpoint.most_at_once == 2


async def test_a_private_address_is_refused_by_name_and_by_number(endpoint: StandIn, file: Path) -> None:
    """A literal one at the start of the worker; a name that resolves to one before anything is sent."""
    port = endpoint.url.rpartition(":")[2]
    with pytest.raises(ConfigurationError, match="allow_private_addresses"):
        running(file, endpoint.url, allow_private_addresses=False)

    async with running(file, f"http://localhost:{port}", allow_private_addresses=False) as group:
        with pytest.raises(Unavailable):
            await group.handle(samples.email())

    assert endpoint.connections == 0


@pytest.mark.parametrize("group", ["forward-nobody", "forward", "forward-"])
def test_an_endpoint_that_is_not_configured_is_a_configuration_error(file: Path, group: str) -> None:
    """The worker says at its start that there is nothing to forward to."""
    file.write_text("forward: {}")

    with pytest.raises(ConfigurationError):
        load_group(group, (), Settings.load(handlers_file=file))


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for hooks.example.com, signed by itself, and its key."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=hooks"
    names = ["-addext", "subjectAltName=DNS:hooks.example.com", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    return certificate, key


async def test_the_certificate_is_checked_against_the_name(certificate: tuple[Path, Path]) -> None:
    """The connection goes to the checked address, the server sees the name, and a wrong certificate is refused."""
    server_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_context.load_cert_chain(*certificate)
    seen: list[str] = []
    server_context.sni_callback = lambda _socket, name, _context: seen.append(name)
    trusting = ssl.create_default_context(cafile=str(certificate[0]))

    async def look_up(_host: str, _port: int) -> list[Address]:
        return [ip_address("127.0.0.1")]

    async with StandIn().running(tls=server_context) as standin:
        port = standin.url.rpartition(":")[2]
        transport = CheckedTransport(
            lambda: httpx2.AsyncHTTPTransport(verify=trusting), allowed=lambda _address: True, resolve=look_up
        )
        async with httpx2.AsyncClient(transport=transport) as client:
            assert (await client.get(f"https://hooks.example.com:{port}")).status_code == 200
            with pytest.raises(httpx2.ConnectError, match="certificate"):
                await client.get(f"https://other.example.com:{port}")

    assert seen == ["hooks.example.com", "other.example.com"]
    assert standin.requests[0].headers["host"] == f"hooks.example.com:{port}"
