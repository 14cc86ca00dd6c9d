"""Which level an event raises, read from what an archive has of it."""

import pytest

from salesloft_webhooks.dialects.derived import watermark_of
from salesloft_webhooks.events import Watermark


@pytest.mark.parametrize(
    ("event_type", "event_id", "mark"),
    [
        ("email.opened", "email.opened/a/b/3", Watermark("email/a/b", "opened", 3)),
        ("email.bounced", "email.bounced/8", Watermark("email/8", "bounced", 1)),
        ("cadence_membership.removed", "cadence_membership.removed/7", Watermark("cadence_membership/7", "removed", 1)),
        ("email.opened", "email.opened/8", None),
        ("email.opened", "email.opened/8/0", None),
        ("email.opened", "email.opened/8/+3", None),
        ("email.opened", "email.opened/8/" + "9" * 5_000, None),
        ("email.opened", "evt_1", None),
        ("email.sent", "email.sent/", None),
        ("person.updated", "person.updated/8/2026-03-07T09:26:14Z", None),
        ("call.completed", "call.completed/55", None),
    ],
)
def test_a_level_is_read_from_an_id(event_type: str, event_id: str, mark: Watermark | None) -> None:
    """Only an id that a derived event has tells of a level; whatever else it may be tells of none."""
    assert watermark_of(event_type, event_id) == mark
