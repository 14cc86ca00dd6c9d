"""Our names of a contact's fields -> a CRM's, as configured."""

from collections.abc import Mapping
from typing import Any

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.crm.contacts import FIELDS, Bounce, Contact


class FieldMapping:
    """What of a contact is written under which name.

    A field that is empty in SalesLoft is left out: it must not wipe what somebody entered in the CRM.

    Args:
        fields: Our name -> theirs.
        bounced: Their name of the field that receives an address that bounced; None: bounces are not passed on.
        deleted: Their name of the field set when the person is deleted; None: deletions are not passed on.

    Raises:
        ConfigurationError: a name that is none of ours.
    """

    def __init__(self, fields: Mapping[str, str], *, bounced: str | None, deleted: str | None) -> None:
        if not set(fields) <= set(FIELDS):
            raise ConfigurationError(f"HANDLERS_FILE: crm.fields: expected names among {', '.join(FIELDS)}")
        self._fields = fields
        self._bounced = bounced
        self._deleted = deleted

    def of(self, change: Contact | Bounce) -> dict[str, Any]:
        """What to write; empty when this change is not passed on."""
        if isinstance(change, Bounce):
            return {self._bounced: change.email_address} if self._bounced and change.email_address else {}
        if change.deleted:
            return {self._deleted: True} if self._deleted else {}
        return {theirs: value for ours, theirs in self._fields.items() if (value := change.fields[ours]) is not None}
