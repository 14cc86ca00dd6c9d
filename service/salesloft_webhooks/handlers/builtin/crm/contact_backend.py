"""The one small protocol every back end speaks."""

from typing import Protocol

from salesloft_webhooks.handlers.builtin.crm.contacts import Bounce, Contact
from salesloft_webhooks.handlers.builtin.crm.logged_activities import LoggedActivity


class ContactBackend(Protocol):
    """A CRM. Every method may be called again for the same event and must then change nothing more.

    Errors are raised as `Retry`, `Unavailable` and `PermanentError`.
    """

    async def save(self, contact: Contact) -> None:
        """Create, change or delete the contact, unless a newer version was saved before."""

    async def mark_bounced(self, bounce: Bounce) -> None:
        """Mark the address invalid for as long as it is the contact's."""

    async def log(self, activity: LoggedActivity) -> None:
        """Log the activity beside its contact, once; of one that is logged already, bring it to this version."""
