"""The webhook subscriptions that are registered, and what their API says of them."""

from collections.abc import Mapping
from typing import Any

from salesloft_webhooks.dialects.names import DOTTED

USER = "51398ccd-309e-467f-aae2-4b0f66b5c11d"

Record = dict[str, Any]


class RegisteredSubscriptions:
    """Those that exist. What was deleted is remembered: deleting it again succeeds, too.

    Args:
        tenant_id: Whose they are.
        one_of_a_kind: Whether a second one with the same event type and URL is invalid.
    """

    def __init__(self, tenant_id: int = 16, *, one_of_a_kind: bool = False) -> None:
        self._tenant_id, self._one_of_a_kind = tenant_id, one_of_a_kind
        self._records: dict[int, Record] = {}
        self._next = 1

    def __iter__(self) -> "Any":
        return iter(list(self._records.values()))

    def of(self, native_name: str) -> list[Record]:
        """The enabled ones of an event type."""
        return [each for each in self._records.values() if each["event_type"] == native_name and each["enabled"]]

    def get(self, identity: int) -> Record | None:
        """The one of that id."""
        return self._records.get(identity)

    def was(self, identity: int) -> bool:
        """Whether there is or was one of that id."""
        return 0 < identity < self._next

    def create(self, fields: Mapping[str, str]) -> tuple[Record | None, dict[str, list[str]]]:
        """Register one; or, by field, what is wrong."""
        problems = {
            name: ["can't be blank"]
            for name in ("callback_url", "callback_token", "event_type")
            if not fields.get(name)
        }
        if "event_type" not in problems and fields["event_type"] not in DOTTED:
            problems["event_type"] = ["is not included in the list"]
        if "callback_url" not in problems and not fields["callback_url"].startswith(("https://", "http://")):
            problems["callback_url"] = ["is invalid"]
        kinds = {(each["event_type"], each["callback_url"]) for each in self._records.values()}
        if self._one_of_a_kind and not problems and (fields["event_type"], fields["callback_url"]) in kinds:
            problems["event_type"] = ["has already been taken"]
        if problems:
            return None, problems
        record = {
            "id": self._next,
            "user_guid": USER,
            "tenant_id": self._tenant_id,
            "event_type": fields["event_type"],
            "enabled": True,
            "callback_url": fields["callback_url"],
            "callback_token": fields["callback_token"],
        }
        self._records[self._next] = record
        self._next += 1
        return record, {}

    def update(self, identity: int, fields: Mapping[str, str]) -> Record:
        """Switch one on or off, or send it elsewhere. Its token cannot be changed."""
        record = self._records[identity]
        if "enabled" in fields:
            record["enabled"] = str(fields["enabled"]).lower() == "true"
        if fields.get("callback_url"):
            record["callback_url"] = fields["callback_url"]
        return record

    def delete(self, identity: int) -> None:
        """Remove one."""
        self._records.pop(identity, None)
