"""Our names of a contact's fields -> a CRM's, as configured."""

import re
from collections.abc import Mapping
from typing import Any

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.builtin.crm.contacts import FIELDS, Bounce, Contact


class FieldMapping:
    """What of a contact is written under which name.

    A field that is empty in SalesLoft is left out: it must not wipe what somebody entered in the CRM. A person who is
    saved is there, so the mark of an earlier deletion is taken back.

    Attributes:
        names: Every name of theirs that may be written.

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
        self.names = tuple(dict.fromkeys(filter(None, (*fields.values(), bounced, deleted))))

    def of(self, change: Contact | Bounce) -> dict[str, Any]:
        """What to write; empty when this change is not passed on."""
        if isinstance(change, Bounce):
            return {self._bounced: change.email_address} if self._bounced and change.email_address else {}
        if change.deleted:
            return {self._deleted: True} if self._deleted else {}
        present = {
            theirs: value for ours, theirs in self._fields.items() if (value := change.fields.get(ours)) is not None
        }
        return present | ({self._deleted: False} if self._deleted else {})

    def quoted_in(self, text: str) -> tuple[str, ...]:
        """Those of the names that an error message quotes: safe to repeat, unlike the message."""
        return tuple(name for name in self.names if re.search(rf"""["']{re.escape(name)}\\?["']""", text))
