"""A text is found in whatever way its body is kept: as it came, compressed, or shared with another event."""

import json

import pytest

from salesloft_webhooks.broker import Publisher
from salesloft_webhooks.broker.administration.search import search_page
from salesloft_webhooks.broker.administration.search_query import Query
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.store_settings import BodyCompression
from tests.support import samples
from tests.support.broker_driver import Driven
from tests.support.publish_observers import SilentObserver

ADDRESS = "Robin.Sample@example.com"
BODY = json.dumps({"id": 1, "email_address": ADDRESS, "about": "x" * 400}).encode()


async def store(driven: Driven, *bodies: bytes, compression: BodyCompression = BodyCompression.OFF) -> None:
    """One delivery whose events, e0 and on, have these bodies."""
    settings = driven.settings.model_copy(update={"body_compression": compression})
    async with Publisher(driven.store, settings, SilentObserver()) as publisher:
        await publisher.publish(NewDelivery("default", (NewEvent("first", "of.ours", "person:1", "", b"{}"),)))
        events = [NewEvent(f"e{at}", "person.updated", "person:1", "2026", body) for at, body in enumerate(bodies)]
        await publisher.publish(NewDelivery("default", tuple(events)))


async def found(driven: Driven, text: str) -> list[str]:
    """The events whose bodies have the text."""
    page = await search_page(driven.store, Query(contains=text), seconds=60)
    return [each.entry.event_id for each in page.found]


@pytest.mark.parametrize("compression", list(BodyCompression))
async def test_an_address_is_found_however_the_body_is_kept(driven: Driven, compression: BodyCompression) -> None:
    """In the event that carries the body and in one that is derived from it; large and small letters are the same."""
    await store(driven, BODY, BODY[:-1] + b',"count":3,"by":"kim@example.com"}', compression=compression)

    assert await found(driven, "robin.SAMPLE@example.com") == ["e1", "e0"]
    assert await found(driven, "kim@example.com") == ["e1"]
    assert await found(driven, "nobody@example.com") == []


@pytest.mark.parametrize("text", ["Käse & <Brot>", 'a "quoted" / slashed', "日本", "😀 tab\there"])
@pytest.mark.parametrize("escape", [False, True], ids=["utf8", "ascii"])
@pytest.mark.parametrize("html", [False, True], ids=["plain", "html"])
async def test_a_text_is_found_however_it_was_escaped(driven: Driven, text: str, escape: bool, html: bool) -> None:  # noqa: FBT001 - parameters of a test
    """Writers of JSON differ in what they escape; what is meant is the text."""
    body = json.dumps({"subject": f"Re: {text}!"}, ensure_ascii=escape)
    if html:
        body = body.replace("&", "\\u0026").replace("<", "\\u003C").replace(">", "\\u003e").replace("/", "\\/")
    await store(driven, body.encode())

    assert await found(driven, text) == ["e0"]


async def test_names_of_fields_are_no_text_of_a_body(driven: Driven) -> None:
    """Else every event would be found by a word such as status; numbers are values, too."""
    await store(driven, b'{"status":{"status":["sent",812345678,true,null]}}')

    assert await found(driven, "status") == []
    assert await found(driven, "sent") == ["e0"]
    assert await found(driven, "1234567") == ["e0"]


async def test_a_body_that_cannot_be_read_has_no_text(driven: Driven) -> None:
    """A damaged frame, or what is no JSON, is looked into and passed over."""
    await store(driven, b"\x28\xb5\x2f\xfdsent", samples.email().raw_data, b"sent")

    assert "e0" not in await found(driven, "sent")
    assert "e2" not in await found(driven, "sent")
