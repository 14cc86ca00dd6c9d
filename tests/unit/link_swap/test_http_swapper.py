"""An endpoint that computes links, with everything that can be wrong with it."""

import asyncio
import base64
import gzip
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx2
import pytest

from salesloft_webhooks import secret_file
from salesloft_webhooks.dialects import DialectKeys, authenticate
from salesloft_webhooks.errors import SignatureRejected
from salesloft_webhooks.handlers.outbound.public_addresses import Address, CheckedTransport
from salesloft_webhooks.handlers.outbound.signing import Signer
from salesloft_webhooks.link_swap.answering import LinkSwaps
from salesloft_webhooks.link_swap.http_swapper import MAX_ANSWER_BYTES, HttpSwapper
from salesloft_webhooks.link_swap.opening import open_link_swaps
from salesloft_webhooks.link_swap.request import LinkSwap, read
from salesloft_webhooks.link_swap_settings import LinkSwapSettings
from salesloft_webhooks.outgoing_http import open_client
from salesloft_webhooks.telemetry import LinkSwapReason
from tests.support.certificates import make_authority, make_certificate
from tests.support.standins.http import DISCONNECT, GARBAGE, TRUNCATED, Answer, Request, StandIn

SECRET = "whsec_" + base64.b64encode(b"a-secret-of-a-test-of-32-bytes--").decode()
OLD, NEW = "https://example.com/a", "https://t.example/1"
BODY = b'{"links": ["https://example.com/a"], "person": {"id": 7}}'
REQUEST = read(BODY, json.loads(BODY))


def settings(url: str, **more: Any) -> LinkSwapSettings:
    """For an endpoint of this machine."""
    allowed = {"link_swap_allow_private_addresses": True, "link_swap_timeout_seconds": 0.5}
    own = {"link_swap_url": url, "link_swap_secret": SECRET, "link_swap_allowed_hosts": "*"}
    return LinkSwapSettings(**own | allowed | more)


@pytest.fixture
async def endpoint() -> AsyncIterator[StandIn]:
    """An endpoint that swaps the link."""
    async with StandIn(
        lambda _request: Answer(200, {"links": {OLD: NEW, "https://other.test": NEW}})
    ).running() as made:
        yield made


def raw(body: bytes, *fields: str) -> Answer:
    """An answer to the byte."""
    head = "\r\n".join(("HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *fields))
    return Answer(raw=head.encode() + b"\r\n\r\n" + body)


async def test_a_signed_question_and_its_answer(endpoint: StandIn) -> None:
    """Standard Webhooks as `forward` has it, the same id for the same question, and one kept connection."""
    async with open_link_swaps(settings(f"{endpoint.url}/swap?team=1")) as swaps:
        assert (await swaps.answer(REQUEST, 0.0)).links == {OLD: NEW}
        assert (await swaps.answer(read(b"other", REQUEST.data), 0.0)).links == {OLD: NEW}

    [asked, other] = endpoint.requests
    assert (asked.method, asked.path, endpoint.connections) == ("POST", "/swap?team=1", 1)
    assert asked.json["type"] == "link_swap"
    assert asked.json["data"] == json.loads(BODY)
    assert signed_by(asked, SECRET)
    assert asked.headers["webhook-id"] != other.headers["webhook-id"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(Answer(500, {"links": {OLD: NEW}}), LinkSwapReason.STATUS, id="500"),
        pytest.param(Answer(302, None, {"Location": "https://t.example/"}), LinkSwapReason.STATUS, id="redirect"),
        pytest.param(raw(b"<html>sign in</html>"), LinkSwapReason.UNREADABLE, id="html"),
        pytest.param(raw(b'{"links": ["a"]}'), LinkSwapReason.UNREADABLE, id="links-as-a-list"),
        pytest.param(raw(b"[" * 100_000), LinkSwapReason.UNREADABLE, id="nested"),
        pytest.param(raw(b"\xff\xfe"), LinkSwapReason.UNREADABLE, id="not-utf-8"),
        pytest.param(
            raw(b'{"links": {"a": "' + b"x" * MAX_ANSWER_BYTES + b'"}}'), LinkSwapReason.TOO_LARGE, id="too-large"
        ),
        pytest.param(raw(b"x" * 10_000_000), LinkSwapReason.TOO_LARGE, id="10-mb"),
        pytest.param(
            raw(gzip.compress(b" " * 50_000_000), "Content-Encoding: gzip"), LinkSwapReason.UNREADABLE, id="gzip-bomb"
        ),
        pytest.param(Answer(200, {"links": {OLD: NEW}}, trickle_seconds=0.05), LinkSwapReason.TIMEOUT, id="trickle"),
        pytest.param(Answer(200, {"links": {OLD: NEW}}, delay_seconds=30), LinkSwapReason.TIMEOUT, id="late"),
        pytest.param(DISCONNECT, LinkSwapReason.UNREACHABLE, id="disconnect"),
        pytest.param(GARBAGE, LinkSwapReason.UNREACHABLE, id="garbage"),
        pytest.param(TRUNCATED, LinkSwapReason.UNREACHABLE, id="truncated"),
        pytest.param(Answer(200, {"links": {OLD: "javascript:alert(1)"}}), LinkSwapReason.ANSWERED, id="script"),
        pytest.param(Answer(200, {"links": {OLD: {"url": NEW}}}), LinkSwapReason.ANSWERED, id="no-text"),
        pytest.param(Answer(200, {"links": {OLD: "https://evil.test/"}}), LinkSwapReason.ANSWERED, id="wrong-host"),
        pytest.param(Answer(200, {"links": {"https://other.test": NEW}}), LinkSwapReason.ANSWERED, id="another-link"),
    ],
)
async def test_a_bad_answer_leaves_the_links_as_they_are(
    endpoint: StandIn, answer: Answer, reason: LinkSwapReason
) -> None:
    """In time, with each link, and for that reason; asked for once, and no redirect is followed."""
    endpoint.answers.append(answer)
    async with open_link_swaps(settings(endpoint.url, link_swap_allowed_hosts="t.example")) as swaps:
        began = time.monotonic()

        answered = await swaps.answer(REQUEST, 0.0)

    assert time.monotonic() - began < 5  # no answer that is late comes before
    assert (answered.links, answered.reason) == ({OLD: OLD}, reason)
    assert len(endpoint.requests) == 1


async def test_nobody_there() -> None:
    """A closed port is no answer."""
    async with StandIn().running() as gone:
        url = gone.url
    async with open_link_swaps(settings(url)) as swaps:
        assert (await swaps.answer(REQUEST, 0.0)).links == {OLD: OLD}


async def test_an_inner_address_is_not_asked(endpoint: StandIn) -> None:
    """Unless it is allowed: by the rules of `forward`, on the address that is connected to."""
    async with open_link_swaps(settings(endpoint.url, link_swap_allow_private_addresses=False)) as swaps:
        assert (await swaps.answer(REQUEST, 0.0)).links == {OLD: OLD}

    assert endpoint.connections == 0


async def test_a_name_that_comes_to_mean_something_else_is_not_followed(endpoint: StandIn) -> None:
    """DNS re-binding: each look-up is checked, and an inner address among its answers refuses the host."""
    answers = ["127.0.0.1", "10.0.0.1"]

    async def resolve(_host: str, _port: int) -> Sequence[Address]:
        return [ip_address(answers.pop(0))]

    port = httpx2.URL(endpoint.url).port
    only_first: Callable[[Address], bool] = lambda address: address == ip_address("127.0.0.1")  # noqa: E731 - typed
    transport = CheckedTransport(httpx2.AsyncHTTPTransport, allowed=only_first, resolve=resolve)
    async with open_client(timeout_seconds=1, transport=transport) as client:
        swapper = HttpSwapper(f"http://swap.example:{port}/", Signer([SECRET]).headers, client)

        assert await swapper(REQUEST) == {OLD: NEW, "https://other.test": NEW}
        assert await swapper(REQUEST) is LinkSwapReason.UNREACHABLE


async def test_links_are_never_logged(endpoint: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither those asked for nor those given: they may identify a person."""
    endpoint.answers.append(Answer(500, {"links": {OLD: NEW}}))
    async with open_link_swaps(settings(endpoint.url)) as swaps:
        await swaps.answer(LinkSwap("key", (OLD,), {"links": [OLD]}), 0.0)

    assert isinstance(swaps, LinkSwaps)
    assert "example" not in "".join(capsys.readouterr())


async def test_a_certificate_nobody_vouches_for_is_no_answer(endpoint: StandIn, tmp_path: Path) -> None:
    """Nothing of the mail is sent there."""
    make_authority(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*make_certificate(tmp_path, "another"))
    async with StandIn(endpoint.respond).running(tls) as other, open_link_swaps(settings(other.url)) as swaps:
        answered = await swaps.answer(REQUEST, 0.0)

    assert (answered.links, answered.reason) == ({OLD: OLD}, LinkSwapReason.UNREACHABLE)
    assert (bool(other.connections), other.requests) == (False, [])


async def test_what_hung_leaves_the_way_free(endpoint: StandIn) -> None:
    """More questions than there may be connections are cancelled; the next is asked and gets its own answer."""
    endpoint.answers.extend(Answer(200, {"links": {OLD: f"{NEW}/{late}"}}, delay_seconds=0.3) for late in range(4))
    async with open_link_swaps(settings(endpoint.url, link_swap_timeout_seconds=0.1, link_swap_concurrency=2)) as swaps:
        for number in range(4):
            late = await swaps.answer(read(str(number).encode(), REQUEST.data), 0.0)
            assert (late.links, late.reason) == ({OLD: OLD}, LinkSwapReason.TIMEOUT)
        await asyncio.sleep(0.35)

        answered = await swaps.answer(REQUEST, 0.0)

    assert (answered.links, answered.reason) == ({OLD: NEW}, LinkSwapReason.ANSWERED)


async def test_the_file_of_the_key_is_followed(
    endpoint: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it holds now signs; what cannot sign, or is gone, changes nothing."""
    monkeypatch.setattr(secret_file, "CHECK_SECONDS", 0.0)
    file, other = tmp_path / "secret", "whsec_" + base64.b64encode(b"another-secret-of-32-bytes------").decode()
    file.write_text(SECRET)
    own = settings(endpoint.url, link_swap_secret=None, link_swap_secret_file=file)
    async with open_link_swaps(own) as swaps:
        for number, written in enumerate((SECRET, f"{other}\n{SECRET}", "whsec_short", ",", None, other)):
            file.unlink(missing_ok=True)
            if written is not None:
                file.write_text(written)
            await swaps.answer(read(str(number).encode(), REQUEST.data), 0.0)

    assert [signed_by(asked, SECRET) for asked in endpoint.requests] == [True, True, True, True, True, False]
    assert [signed_by(asked, other) for asked in endpoint.requests] == [False, True, True, True, True, True]


def signed_by(asked: Request, secret: str) -> bool:
    """Whether the secret proves a request."""
    headers = [(name.encode(), value.encode()) for name, value in asked.headers.items()]
    try:
        authenticate(headers, asked.body, DialectKeys(standard_webhooks_secrets=(secret.encode(),)), time.time(), 60)
    except SignatureRejected:
        return False
    return True
