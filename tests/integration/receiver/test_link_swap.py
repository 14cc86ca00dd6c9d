"""`link_swap`, answered by a real receiver while SalesLoft waits."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.http_client import Reply, request
from tests.support.receiver_process import PATH, ReceiverProcess, delivery, envelope, native_headers
from tests.support.servers import Server
from tests.support.standins.http import Answer, StandIn
from tests.support.waiting import wait_until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD, OTHER, NEW = "https://example.com/a", "https://example.com/b", "https://t.example/1"
IN_TIME_SECONDS = 2.1


def body(links: object = (OLD, OTHER), **fields: object) -> bytes:
    """What SalesLoft sends."""
    return json.dumps({"links": links, "person": {"id": 7}, "mailing": {"id": 9}} | fields).encode()


def raw(body: bytes) -> Answer:
    """An answer of that body, which may be no JSON."""
    return Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


@asynccontextmanager
async def answering(url: str, answer: Answer, **settings: str) -> AsyncIterator[tuple[ReceiverProcess, StandIn]]:
    """A receiver that asks an endpoint which always answers like this."""
    async with StandIn(lambda _request: answer).running() as endpoint:
        own = {
            "LINK_SWAP_URL": endpoint.url,
            "LINK_SWAP_SECRET": SECRET,
            "LINK_SWAP_ALLOW_PRIVATE_ADDRESSES": "true",
            "LINK_SWAP_ALLOWED_HOSTS": "t.example",
            "STORE_TIMEOUT_SECONDS": "1",
        }
        process = ReceiverProcess(url, own | settings)
        try:
            await asyncio.to_thread(process.start)
            yield process, endpoint
        finally:
            process.kill()


async def ask(process: ReceiverProcess, sent: bytes, event: str = "link_swap") -> tuple[Reply, float]:
    """SalesLoft's side: the answer, and how long it took."""
    began = time.monotonic()
    reply = await asyncio.to_thread(process.send, request("POST", PATH, native_headers(sent, event), sent))
    return reply, time.monotonic() - began


@pytest.mark.parametrize(
    ("answer", "links"),
    [
        pytest.param(Answer(200, {"links": {OLD: NEW}}, delay_seconds=0.05), {OLD: NEW, OTHER: OTHER}, id="50-ms"),
        pytest.param(Answer(200, {"links": {OLD: NEW}}, delay_seconds=1.5), {OLD: NEW, OTHER: OTHER}, id="1.5-s"),
        pytest.param(Answer(200, {"links": {OLD: NEW}}, delay_seconds=2.1), {OLD: OLD, OTHER: OTHER}, id="2.1-s"),
        pytest.param(Answer(200, {"links": {OLD: NEW}}, delay_seconds=60), {OLD: OLD, OTHER: OTHER}, id="never"),
        pytest.param(Answer(500, {"links": {OLD: NEW}}), {OLD: OLD, OTHER: OTHER}, id="500"),
        pytest.param(raw(b"<html>sign in</html>"), {OLD: OLD, OTHER: OTHER}, id="html"),
        pytest.param(raw(b"x" * 10_000_000), {OLD: OLD, OTHER: OTHER}, id="10-mb"),
        pytest.param(Answer(200, {"links": {OLD: "javascript:x()", OTHER: NEW}}), {OLD: OLD, OTHER: NEW}, id="script"),
        pytest.param(Answer(200, {"links": {OLD: NEW, "https://c.test": NEW}}), {OLD: NEW, OTHER: OTHER}, id="more"),
        pytest.param(Answer(200, {"links": {OLD: "https://evil.test"}}), {OLD: OLD, OTHER: OTHER}, id="wrong-host"),
    ],
)
async def test_salesloft_is_answered_in_time(valkey: Server, answer: Answer, links: object) -> None:
    """200 with each link, and nothing of it in the store."""
    async with answering(valkey.url, answer) as (process, _):
        reply, took = await ask(process, body())

        assert (reply.status, json.loads(reply.body)) == (200, {"links": links})
        assert took < IN_TIME_SECONDS + 0.3  # the machine's other work
        assert await asyncio.to_thread(process.metric, "salesloft_webhooks_link_swap_seconds_count") == 1
        with valkey.client() as store:
            assert not store.exists("sl:{0}:events", "sl:{0}:quarantine")


async def test_who_is_not_proven_learns_nothing(valkey: Server) -> None:
    """401, whatever the body; nobody is asked."""
    async with answering(valkey.url, Answer(200, {"links": {}})) as (process, endpoint):
        for sent in (body(), b"{not json"):
            headers = native_headers(sent, "link_swap", token="another")
            reply = await asyncio.to_thread(process.send, request("POST", PATH, headers, sent))
            assert reply.status == 401
        wrong, _ = await ask(process, body(callback_token="another"))

        assert wrong.status == 401
        assert not endpoint.requests


async def test_what_cannot_be_read_is_kept(valkey: Server) -> None:
    """400 with a reason and quarantine, as with any signed delivery; 413 over 256 KiB."""
    async with answering(valkey.url, Answer(200, {"links": {}})) as (process, endpoint):
        unreadable, _ = await ask(process, body("none"))
        too_large, _ = await ask(process, body(filler="x" * 262_144))

        assert (unreadable.status, too_large.status) == (400, 413)
        assert "links" in json.loads(unreadable.body)["error"]
        assert not endpoint.requests
        with valkey.client() as store:
            assert store.xlen("sl:{0}:quarantine") == 1


async def test_events_go_their_way(valkey: Server) -> None:
    """Beside it, deliveries are stored as ever."""
    async with answering(valkey.url, Answer(200, {"links": {}})) as (process, _):
        stored = await asyncio.to_thread(process.send, delivery(envelope("evt-1")))

        assert (stored.status, json.loads(stored.body)) == (200, {"received": True})


async def test_no_store_is_needed(own_server: Server) -> None:
    """Answered, and ready for more, while events are refused: a load balancer must not leave the receiver out."""
    own_server.start()
    answer, impatient = Answer(200, {"links": {OLD: NEW}}), {"READINESS_GRACE_SECONDS": "0"}
    async with answering(own_server.url, answer, **impatient) as (process, _):
        own_server.stop()
        refused = await asyncio.to_thread(process.send, delivery(envelope("evt-1")))

        reply, took = await ask(process, body())

        assert refused.status == 503
        assert (reply.status, json.loads(reply.body)) == (200, {"links": {OLD: NEW, OTHER: OTHER}})
        assert took < 1
        gone = "the receiver knows that the store is gone"
        available = "salesloft_webhooks_store_available"
        await asyncio.to_thread(wait_until, lambda: process.metric(available) == 0, description=gone)
        assert process.probe("/readyz") == 200


async def test_the_end_of_the_process_waits_for_the_answer(valkey: Server) -> None:
    """SIGTERM while the endpoint computes: answered with what it gives."""
    async with answering(valkey.url, Answer(200, {"links": {OLD: NEW}}, delay_seconds=1)) as (process, endpoint):
        asked = asyncio.create_task(ask(process, body()))
        asked_for = "the endpoint is asked"
        await asyncio.to_thread(wait_until, lambda: bool(endpoint.requests), description=asked_for)
        process.terminate()

        reply, _ = await asked

        assert (reply.status, json.loads(reply.body)) == (200, {"links": {OLD: NEW, OTHER: OTHER}})


async def test_waiting_within_the_budget_is_not_being_stuck(valkey: Server) -> None:
    """A budget that is longer than what deliveries may take: Kubernetes must not restart the receiver meanwhile."""
    long = {"LINK_SWAP_TIMEOUT_SECONDS": "3", "BODY_TIMEOUT_SECONDS": "0.5", "STORE_TIMEOUT_SECONDS": "0.5"}
    async with answering(valkey.url, Answer(200, {"links": {OLD: NEW}}, delay_seconds=60), **long) as (process, _):
        asked = asyncio.create_task(ask(process, body()))
        await asyncio.sleep(2.5)

        assert process.probe("/livez") == 200
        assert (await asked)[0].status == 200


async def test_an_error_where_it_is_asked_for(valkey: Server) -> None:
    """503 with Retry-After, for those who must not send a mail with its own links."""
    async with answering(valkey.url, Answer(500), LINK_SWAP_ON_FAILURE="error") as (process, _):
        reply, _ = await ask(process, body())

        assert (reply.status, "retry-after" in reply.headers) == (503, True)


async def test_each_answer_is_told_of_where_that_is_asked_for(valkey: Server) -> None:
    """One event of a question, however often it comes, with numbers and no link; without the setting there is none."""
    async with answering(valkey.url, Answer(200, {"links": {OLD: NEW}}), LINK_SWAP_EVENTS="true") as (process, _):
        for _repeat in range(2):
            await ask(process, body())

        def stored() -> float:
            return process.metric("salesloft_webhooks_deliveries_total", outcome="link_swap")

        await asyncio.to_thread(wait_until, lambda: stored() == 2, description="both are answered")
        with valkey.client() as store:
            await asyncio.to_thread(wait_until, lambda: store.xlen("sl:{0}:events") == 1, description="one is told of")
            [(_, fields)] = store.xrange("sl:{0}:events")

    assert "example" not in str(fields)
    assert "link_swap.answered" in str(fields)


async def test_without_the_store_only_the_telling_is_left_out(own_server: Server) -> None:
    """The answer is the same, and how many events are missing is counted."""
    own_server.start()
    settings = {"LINK_SWAP_EVENTS": "true"}
    async with answering(own_server.url, Answer(200, {"links": {OLD: NEW}}), **settings) as (process, _):
        own_server.stop()

        reply, took = await ask(process, body())

        def left_out() -> float:
            return process.metric("salesloft_webhooks_link_swap_events_left_out_total")

        assert (reply.status, json.loads(reply.body)) == (200, {"links": {OLD: NEW, OTHER: OTHER}})
        assert took < 1
        await asyncio.to_thread(wait_until, lambda: left_out() == 1, description="it is counted")
