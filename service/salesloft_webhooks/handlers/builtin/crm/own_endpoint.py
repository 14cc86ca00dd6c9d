"""Contacts posted to an endpoint of the user's own, one JSON object each, signed if there is a secret.

``contact.saved`` says that the contact exists and how it is, also when it was deleted before (``deleted`` is false in
it); ``contact.deleted`` and ``contact.bounced`` are about a contact that the endpoint may not know: to be ignored then.
``activity.logged`` comes again when a meeting changes: its ``activity_id`` says which one it is.
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx2
import msgspec

from salesloft_webhooks.handlers.builtin.configuration.crm import HttpCrm
from salesloft_webhooks.handlers.builtin.crm.contacts import Bounce, Contact
from salesloft_webhooks.handlers.builtin.crm.logged_activities import LoggedActivity
from salesloft_webhooks.handlers.outbound.breaker import Breaker
from salesloft_webhooks.handlers.outbound.guarded_endpoint import GuardedEndpoint
from salesloft_webhooks.handlers.outbound.signing import Signer

_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))


class HttpContacts:
    """The `http` back end."""

    def __init__(self, configuration: HttpCrm, client: httpx2.AsyncClient) -> None:
        self._url = str(configuration.url)
        self._headers = {name: value.get_secret_value() for name, value in configuration.headers.items()}
        self._signer = Signer([secret.get_secret_value() for secret in configuration.secrets])
        self._client = client
        breaker = Breaker(failures=configuration.breaker_failures, seconds=configuration.breaker_seconds)
        self._delivery = GuardedEndpoint("crm", breaker, timeout_seconds=configuration.timeout_seconds)

    async def save(self, contact: Contact) -> None:
        """Post ``contact.saved`` or ``contact.deleted``."""
        data = {
            "person_id": contact.person_id,
            "updated_at": contact.updated_at,
            "owner_id": contact.owner_id,
            "deleted": contact.deleted,
            **contact.fields,
        }
        await self._post("contact.deleted" if contact.deleted else "contact.saved", data, contact.idempotency_key)

    async def mark_bounced(self, bounce: Bounce) -> None:
        """Post ``contact.bounced``."""
        data = {
            "person_id": bounce.person_id,
            "email_address": bounce.email_address,
            "bounced_at": bounce.bounced_at,
        }
        await self._post("contact.bounced", data, bounce.idempotency_key)

    async def log(self, activity: LoggedActivity) -> None:
        """Post ``activity.logged``."""
        data = {
            "activity_id": activity.activity_id,
            "kind": activity.kind,
            "version": activity.version,
            "person_id": activity.person_id,
            "email_address": activity.email_address,
            "user_id": activity.user_id,
            "happened_at": activity.happened_at,
            "ended_at": activity.ended_at,
            "duration_seconds": None if activity.duration is None else activity.duration.total_seconds(),
            "subject": activity.subject,
            "text": activity.text,
            "outcome": activity.outcome,
            "details": activity.details,
        }
        await self._post("activity.logged", data, activity.idempotency_key)

    async def _post(self, what: str, data: dict[str, Any], idempotency_key: str) -> None:
        now = datetime.now(UTC)
        body = msgspec.json.encode({"type": what, "timestamp": now, "data": data})
        headers = {
            **self._headers,
            **self._signer.headers(idempotency_key, now, body),
            "Content-Type": "application/json",
            # As it is; but ids of other senders may hold what no header can.
            "Idempotency-Key": quote(idempotency_key, safe=_VISIBLE),
        }
        await self._delivery.deliver(
            idempotency_key, lambda: self._client.post(self._url, content=body, headers=headers)
        )
