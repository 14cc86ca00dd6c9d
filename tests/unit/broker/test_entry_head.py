"""The head of an entry says exactly what was put into it, in few bytes."""

import re
from hashlib import sha256
from importlib.resources import files

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from salesloft_webhooks.broker.entry_head import (
    TYPES,
    by_name,
    packed_head,
    packed_id,
    packed_key,
    packed_source,
    packed_trace,
    packed_type,
    unpacked_head,
    unpacked_id,
    unpacked_key,
    unpacked_source,
    unpacked_trace,
    unpacked_type,
    values_of,
)
from salesloft_webhooks.broker.packed_time import packed_time, unpacked_time

UUID = "b0a1f2c3-d4e5-46f7-8899-aabbccddeeff"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=300)
TIMES = st.datetimes(timezones=st.timezones()).flatmap(
    lambda moment: st.sampled_from(
        [
            moment.isoformat(),
            moment.isoformat(timespec="milliseconds"),
            moment.isoformat(timespec="seconds"),
            moment.replace(tzinfo=None).isoformat() + "Z",
            moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z",
        ]
    )
)


@given(VISIBLE | TIMES)
@example("2026-03-07T04:26:14.444910-05:00")
@example("2026-03-07T04:26:14.444910+05:45")
@example("2026-03-07t04:26:14Z")
@example("20260307T042614Z")
@example("2026-03-07")
@example("0001-01-01T00:00:00+14:00")
@example("9999-12-31T23:59:59.999999Z")
@example("1969-12-31T23:59:59.999999Z")
@example("1766021654")
@example("")
def test_a_time_comes_back_as_it_was_written(text: str) -> None:
    """Whatever stands for a time: unpacked it is the same text."""
    assert unpacked_time(packed_time(text)) == text


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2026-03-07T04:26:14.444910Z", 8),
        ("2026-03-07T04:26:14.444Z", 8),
        ("2026-03-07T04:26:14Z", 8),
        ("2026-03-07T04:26:14.444910-05:00", 9),
        ("2026-03-07T04:26:14.444-05:00", 9),
        ("2026-03-07T04:26:14+05:45", 9),
        ("2026-03-07T04:26:14.444910+00:00", 9),
        ("2026-03-07", 10),
    ],
)
def test_the_usual_times_are_small(text: str, size: int) -> None:
    """Times as SalesLoft, JavaScript and Python write them take eight or nine bytes."""
    assert len(packed_time(text)) == size


@given(VISIBLE | st.uuids().map(str), VISIBLE)
@example(UUID.upper(), "a.b")
@example(UUID.replace("-", "0"), "a.b")
@example(UUID[:-1] + "g", "a.b")
@example("email.opened/1/2", "email.opened")
@example("email.opened/", "email.opened")
@example("email.opened", "email.opened")
@example("email.openedx/1", "email.opened")
def test_an_id_comes_back_as_it_was(event_id: str, event_type: str) -> None:
    """Whatever an id looks like, and whatever its event's type is."""
    assert unpacked_id(packed_id(event_id, event_type), event_type) == event_id


@given(VISIBLE)
@example(TRACE)
@example(TRACE.upper())
@example(TRACE.replace("00-", "01-", 1))
@example(TRACE + "-later")
@example("00-trace-01")
def test_a_traceparent_comes_back_as_it_was(text: str) -> None:
    """Also one of a later version, and what is none."""
    assert unpacked_trace(packed_trace(text)) == text


@given(VISIBLE | st.integers(0, 2**41).map("person:{}".format))
@example("person:1099511627775")
@example("person:999999999999")
@example("person:9999999999999")
@example("person:007")
@example("person:")
@example("person:-1")
@example("default")
@example("email.opened")
@example("")
def test_keys_types_and_sources_come_back_as_they_were(text: str) -> None:
    """Whatever is told by a number, and what only looks like it."""
    assert unpacked_key(packed_key(text)) == text
    assert unpacked_source(packed_source(text)) == text
    assert unpacked_type(packed_type(text)) == text


def test_known_types_take_two_bytes() -> None:
    """Each has a place of its own, which a byte holds and none moves."""
    packed = [packed_type(each) for each in TYPES]

    assert {len(each) for each in packed} == {2}
    assert [unpacked_type(each) for each in packed] == list(TYPES)
    assert sha256(" ".join(TYPES).encode()).hexdigest()[:16] == "d6502bd5fde63d81"
    assert packed_key("person:164510523") == b"\x01\x00\t\xce;;"
    assert packed_source("default") == b"\x01"


def test_the_script_knows_the_same_types() -> None:
    """In the same order."""
    lua = files("salesloft_webhooks.broker").joinpath("lua", "include", "entries.lua").read_text("utf-8")

    listed = lua.partition("local TYPES = {")[2].partition("}")[0]
    assert tuple(re.findall(r"'([^']+)'", listed)) == TYPES


def test_uuids_and_traceparents_are_small() -> None:
    """They take the bytes that they stand for, and one."""
    assert len(packed_id(UUID, "a.b")) == 17
    assert len(packed_trace(TRACE)) == 26
    assert packed_id("email.opened/1/2", "email.opened") == b"\x021/2"


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("key", ["person:1", "x" * 255, "x" * 256, "x" * 70_000], ids=len)
def test_a_head_says_all_of_it(key: str, *, pack: bool) -> None:
    """Values of any length stand behind each other, and `of` behind them; by name they are those of an entry."""
    head = packed_head((UUID, "a.b", key, "default", "17", "2026-03-07T04:26:14Z", TRACE), pack=pack)

    said, of = values_of(head + b"12345-0 400 ,x}")
    fields = by_name({b"head": head + b" 4 }", b"body": b"{}"})

    assert (unpacked_key(said[2]), said[4], of) == (key, b"17", b"12345-0 400 ,x}")
    assert unpacked_source(said[3]) == "default"
    assert (fields[b"id"].decode(), fields[b"type"], fields[b"of"], fields[b"only"]) == (UUID, b"a.b", b" 4 }", b"")
    assert (unpacked_time(fields[b"made"]), unpacked_trace(fields[b"tp"])) == ("2026-03-07T04:26:14Z", TRACE)
    assert fields[b"body"] == b"{}"
    assert (TRACE.encode() in head) is not pack


def test_an_entry_of_the_first_format_is_what_it_says() -> None:
    """Fields that stand by name are taken as they are."""
    fields = {b"id": b"\x01", b"made": b"2026", b"body": b"{}"}

    assert by_name(fields) is fields


@given(head=st.binary(max_size=80))
@example(head=b"")
@example(head=b"\x01\x02\x01\xff")
@example(head=b"\x01\x00\x01\x01\x00\x00\x00\x00\x00")
def test_what_is_no_head_is_refused_or_read_and_nothing_else(head: bytes) -> None:
    """Damaged or tampered with, it says nothing by name, and raises what its readers expect; any text comes through."""
    try:
        unpacked_head(head)
    except ValueError:
        assert by_name({b"head": head}) == {}
