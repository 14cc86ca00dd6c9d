"""What is remembered of versions keeps stale contacts from a CRM, and no real one."""

from datetime import UTC, datetime, timedelta

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.newest_version import Versions
from salesloft_webhooks.handlers.builtin.crm.contacts import Bounce, Contact, contact_of
from salesloft_webhooks.handlers.builtin.crm.logged_activities import LoggedActivity, activity_of
from salesloft_webhooks.handlers.builtin.crm.stale_updates import StaleUpdateFilter, version_of
from salesloft_webhooks.settings import Settings
from tests.support import samples
from tests.support.servers import Server


class Noting:
    """A back end that remembers what it was given."""

    def __init__(self) -> None:
        self.titles: list[str | None] = []

    async def save(self, contact: Contact) -> None:
        """Note its title."""
        self.titles.append(contact.fields["title"])

    async def mark_bounced(self, bounce: Bounce) -> None:
        """Nothing."""

    async def log(self, activity: LoggedActivity) -> None:
        """Note its title."""
        self.titles.append(activity.subject)


async def test_a_version_remembered_from_the_future_freezes_nobody(valkey: Server) -> None:
    """0.1.0 believed a version of 2099; what comes after the upgrade reaches the CRM all the same."""
    backend = Noting()
    async with open_store(Settings.load(redis_url=valkey.url)) as store:
        versions = Versions(store, "crm")
        newest = StaleUpdateFilter(backend, versions)
        await newest.save(contact_of(samples.person(data={"title": "first"})))
        await newest.save(contact_of(samples.person(data={"title": "stale", "updated_at": "2026-01-01T00:00:00Z"})))
        future = int((datetime(2099, 1, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
        await versions.applied(f"person:{samples.PERSON_ID}", 2 * future)

        await newest.save(contact_of(samples.person(data={"title": "second"})))

    assert backend.titles == ["first", "second"]


async def test_an_older_state_of_a_meeting_is_not_logged(valkey: Server) -> None:
    """What was moved in SalesLoft stays moved in the CRM, whatever a late delivery says."""
    backend = Noting()

    def meeting(title: str, hour: int) -> LoggedActivity:
        data = {"id": 7, "person_id": 1, "title": title, "updated_at": f"2026-03-07T{hour:02}:00:00Z"}
        return activity_of(samples.event("meeting.updated", data))

    async with open_store(Settings.load(redis_url=valkey.url)) as store:
        newest = StaleUpdateFilter(backend, Versions(store, "crm"))
        await newest.log(meeting("moved", 9))
        await newest.log(meeting("booked", 8))
        await newest.log(activity_of(samples.email("email.sent", data={"subject": "mails have no versions"})))

    assert backend.titles == ["moved", "mails have no versions"]


def test_a_version_is_never_beyond_what_redis_keeps_exactly() -> None:
    """Not even one of the year 9999."""
    contact = contact_of(samples.person(data={"updated_at": "9999-12-31T23:59:59Z"}))

    assert version_of(contact) < 2**53
