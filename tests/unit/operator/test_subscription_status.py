"""The status: what the object shows, and what the next leader remembers by it."""

import msgspec

from salesloft_webhooks.operator.subscription_status import (
    SubscriptionStatus,
    has_news,
    memory_of,
    read_status,
    with_plan,
)
from salesloft_webhooks.salesloft import Subscription
from salesloft_webhooks.subscriptions import Desired, MasterKey, Memory, Plan

KEY = MasterKey(b"1" * 64)
DESIRED = Desired(callback_url="https://x.example.com", events=frozenset({"call_created", "note_created"}))
NOW = 1_800_000_000.25
MEMORY = Memory(key=KEY.fingerprint, key_since=NOW - 9, complete_since=NOW - 3, listed=frozenset({7}), established=True)
FOUND = [
    Subscription(
        id=7,
        event_type="call_created",
        callback_url="https://x.example.com",
        callback_token=KEY.token("call_created"),
    ),
    Subscription(id=8, event_type="call_created", callback_url="https://x.example.com", callback_token="other"),
]


def _status(before: SubscriptionStatus = SubscriptionStatus(), now: float = NOW) -> SubscriptionStatus:  # noqa: B008
    plan = Plan(memory=MEMORY, active=frozenset({"call_created"}), foreign=(8,))
    return with_plan(before, plan, DESIRED, FOUND, (KEY,), now)


def test_a_status_says_what_the_list_had() -> None:
    """Ours, with the fingerprint of their key; foreign ones by id; how many of the wanted are delivered."""
    status = _status()

    assert (status.summary, status.foreign, status.rotation_phase) == ("1/2", (8,), "Idle")
    assert status.subscriptions is not None
    assert [(each.id, each.event, each.enabled, each.key) for each in status.subscriptions] == [
        (7, "call_created", True, KEY.fingerprint)
    ]


def test_an_entry_keeps_the_time_at_which_it_was_first_seen() -> None:
    """Later looks at the same subscription move no time, and so write nothing."""
    first = _status()
    later = _status(first, NOW + 20)

    assert later.subscriptions == first.subscriptions
    assert not has_news(first, later)
    assert has_news(first, _status(first, NOW + 31))


def test_the_next_leader_remembers_it() -> None:
    """Through the status comes what a plan remembers; times are rounded up, for waits must not end earlier."""
    found = memory_of(read_status(msgspec.json.decode(msgspec.json.encode(_status().written()))))

    assert found == Memory(
        key=KEY.fingerprint,
        key_since=1_799_999_992.0,
        complete_since=1_799_999_998.0,
        listed=frozenset({7}),
        established=True,
    )


def test_a_status_that_nobody_can_read_is_none() -> None:
    """What somebody wrote by hand stops nothing."""
    assert read_status({"subscriptions": 3}) == SubscriptionStatus()
    assert memory_of(SubscriptionStatus(key="k", key_seen_at="yesterday", established=True)) == Memory(established=True)
