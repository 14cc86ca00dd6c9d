"""Content filters: any text is a filter or a mistake with a place, and any filter has an answer for any resource."""

import msgspec

from salesloft_webhooks.content_filters import FilterMistake, parse
from salesloft_webhooks.testing import event
from tests.fuzz.search import Target


def _check_filter(data: bytes) -> None:
    """The first line is a resource, if it is JSON; the rest is a filter."""
    line, _, text = data.partition(b"\n")
    try:
        condition = parse(text.decode("utf-8", "replace"))
    except FilterMistake as mistake:
        if not 1 <= mistake.column <= len(text) + 1:
            raise AssertionError("a place that is not there") from mistake
        return
    try:
        resource = msgspec.json.decode(line, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        resource = {}
    assert condition.holds(event("person.updated", resource)) in (True, False)


FILTERS = Target(
    _check_filter,
    ("salesloft_webhooks.content_filters",),
    [
        b"data",
        b".",
        b"exists",
        b" in ",
        b" not ",
        b" and ",
        b" or ",
        b"= ",
        b"!= ",
        b"(",
        b")",
        b",",
        b"true",
        b"null",
        b"-1.5e3",
        b'"a"',
        b"'\\u0061'",
        b"event_type",
        b'{"a":[1]}\n',
    ],
    longest_bytes=5_000,
)
