"""Which events are published: what SalesLoft would have sent to us."""

from collections.abc import Sequence

import pytest

from salesloft_webhooks.backfill.coverage import RESOURCES
from salesloft_webhooks.backfill.wanted_events import ASK_SECONDS, WantedEvents
from salesloft_webhooks.errors import SalesloftForbidden, SalesloftUnavailable
from salesloft_webhooks.salesloft import Subscription
from salesloft_webhooks.settings import Settings
from tests.unit.salesloft.conftest import Waits

PEOPLE, NOTES = RESOURCES["people"], RESOURCES["notes"]
OURS = "https://hooks.example.com/webhooks/salesloft"


class Account:
    """Stands in for SalesLoft; its subscriptions are itself."""

    def __init__(self, *events: str, url: str = OURS) -> None:
        self.subscriptions = self
        self.found: Sequence[Subscription] | Exception = [
            Subscription(id=number, event_type=event, callback_url=url) for number, event in enumerate(events)
        ]
        self.asked = 0

    async def all(self) -> Sequence[Subscription]:
        """Those that are there."""
        self.asked += 1
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def wanted(account: Account, clock: Waits | None = None, **settings: object) -> WantedEvents:
    """What is tested."""
    waits = clock or Waits(now=1_700_000_000.0)
    return WantedEvents(account, Settings.load(**settings), waits.clock)  # type: ignore[arg-type]


async def test_what_is_subscribed_is_wanted() -> None:
    """And nothing else: of another event there would have been no webhook."""
    events = wanted(Account("person_updated"))

    await events.ask()

    assert set(events.of(PEOPLE)) == {"person_updated"}
    assert not events.of(NOTES)


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        (OURS, True),
        ("https://edge.example.com/prefix/webhooks/salesloft/?a=b", True),
        ("https://hooks.example.com/webhooks/salesloft-test", False),
        ("https://other.example.com/", False),
    ],
)
async def test_only_our_subscriptions_count(url: str, *, ours: bool) -> None:
    """Others of the team have theirs, which end elsewhere."""
    events = wanted(Account("person_updated", url=url))

    await events.ask()

    assert bool(events.of(PEOPLE)) is ours


async def test_a_deleted_subscription_counts_for_a_while() -> None:
    """For as long as what was handled is remembered, also in the next process; then no longer."""
    clock, account = Waits(now=1_700_000_000.0), Account("person_updated")
    first = wanted(account, clock)
    await first.ask()
    account.found = []
    clock.now += 6 * 86_400
    second = wanted(account, clock)
    second.remember(first.remembered)

    await second.ask()

    assert second.of(PEOPLE)
    clock.now += 2 * 86_400
    assert not second.of(PEOPLE)


async def test_patterns_win() -> None:
    """Then nobody is asked for subscriptions."""
    account = Account()
    events = wanted(account, backfill_events="person.created,email.*")

    await events.ask()

    assert set(events.of(PEOPLE)) == {"person_created"}
    assert set(events.of(RESOURCES["emails"])) == {"email_updated"}
    assert account.asked == 0


async def test_a_token_that_may_not_read_them() -> None:
    """Rather all events than none."""
    account = Account()
    account.found = SalesloftForbidden("no")
    events = wanted(account)

    await events.ask()

    assert set(events.of(PEOPLE)) == {"person_created", "person_updated"}


async def test_salesloft_that_fails() -> None:
    """What was known a moment ago is good enough; where nothing is known, the round fails."""
    clock, account = Waits(now=1_700_000_000.0), Account("person_updated")
    events = wanted(account, clock)
    await events.ask()
    account.found = SalesloftUnavailable("away")
    clock.now += ASK_SECONDS

    await events.ask()

    assert events.of(PEOPLE)
    with pytest.raises(SalesloftUnavailable):
        await wanted(account).ask()


async def test_it_is_not_asked_each_minute() -> None:
    """Ten minutes are soon enough."""
    clock, account = Waits(now=1_700_000_000.0), Account("person_updated")
    events = wanted(account, clock)

    for _ in range(10):
        await events.ask()
        clock.now += 60

    assert account.asked == 1
