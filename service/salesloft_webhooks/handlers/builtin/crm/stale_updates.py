"""Stale updates are kept from CRMs that cannot compare versions themselves.

SQL compares inside its statement. An HTTP API takes whatever comes last, so the version applied last is remembered in
Redis, and an older one is dropped before it is sent. Between the look and the request another worker could send a
newer version: the group's ordering per person (`crm` asks for it) is what rules that out.
"""

from datetime import UTC, datetime, timedelta

from salesloft_webhooks.broker.newest_version import Versions
from salesloft_webhooks.handlers.builtin.configuration.crm import ActivityKind
from salesloft_webhooks.handlers.builtin.crm.contact_backend import ContactBackend
from salesloft_webhooks.handlers.builtin.crm.contacts import Bounce, Contact
from salesloft_webhooks.handlers.builtin.crm.logged_activities import LoggedActivity
from salesloft_webhooks.telemetry import get_logger
from salesloft_webhooks.timestamps import CLOCK_TOLERANCE

_log = get_logger(__name__)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def version_of(contact: Contact) -> int:
    """The contact's version as a whole number: microseconds, and a deletion after an update of the same moment."""
    return max(_version_at(contact.updated_at) + contact.deleted, 0)


def _version_at(time: datetime) -> int:
    return 2 * ((time - _EPOCH) // timedelta(microseconds=1))


class StaleUpdateFilter:
    """Passes on to a back end what is not older than what it was given before."""

    def __init__(self, backend: ContactBackend, versions: Versions) -> None:
        self._backend = backend
        self._versions = versions

    async def save(self, contact: Contact) -> None:
        """Save the contact, or drop it as stale. The same version again is sent again: a replay may mean to."""
        subject, version = f"person:{contact.person_id}", version_of(contact)
        if await self._is_stale(subject, version):
            _log.info("crm.stale", person_id=contact.person_id)
            return
        await self._backend.save(contact)
        await self._versions.applied(subject, version)

    async def mark_bounced(self, bounce: Bounce) -> None:
        """Pass the bounce on: it belongs to an address, not to a version."""
        await self._backend.mark_bounced(bounce)

    async def log(self, activity: LoggedActivity) -> None:
        """Log the activity, or drop it as stale: only meetings have versions, and only theirs are remembered."""
        if activity.kind is not ActivityKind.MEETING:
            await self._backend.log(activity)
            return
        subject, version = activity.activity_id, _version_at(activity.version)
        if await self._is_stale(subject, version):
            _log.info("crm.stale", person_id=activity.person_id)
            return
        await self._backend.log(activity)
        await self._versions.applied(subject, version)

    async def _is_stale(self, subject: str, version: int) -> bool:
        newest = await self._versions.newest(subject)
        # Versions in the future, which 0.1.0 remembered, must not hold up a person until they come.
        return version < newest <= _version_at(datetime.now(UTC) + CLOCK_TOLERANCE)
