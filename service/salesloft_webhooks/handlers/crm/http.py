"""Contacts posted to an endpoint of the user's own, one JSON object each, signed if there is a secret."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import msgspec

from salesloft_webhooks.handlers.configuration import HttpCrm
from salesloft_webhooks.handlers.crm.contacts import Bounce, Contact
from salesloft_webhooks.handlers.remote import exchange, raise_for
from salesloft_webhooks.handlers.signatures import Signer


class HttpContacts:
    """The `http` back end."""

    def __init__(self, configuration: HttpCrm, client: httpx2.AsyncClient) -> None:
        self._url = str(configuration.url)
        self._headers = {name: value.get_secret_value() for name, value in configuration.headers.items()}
        self._signer = Signer([secret.get_secret_value() for secret in configuration.secrets])
        self._client = client
        self._seconds = configuration.timeout_seconds

    async def save(self, contact: Contact) -> None:
        """Post ``contact.saved`` or ``contact.deleted``."""
        data = {
            "person_id": contact.person_id,
            "updated_at": contact.updated_at,
            "owner_id": contact.owner_id,
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

    async def _post(self, what: str, data: dict[str, Any], idempotency_key: str) -> None:
        now = datetime.now(UTC)
        body = msgspec.json.encode({"type": what, "timestamp": now, "data": data})
        headers = {
            **self._headers,
            **self._signer.headers(idempotency_key, now, body),
            "Content-Type": "application/json",
            "Idempotency-Key": idempotency_key,
        }
        async with exchange("crm", self._seconds):
            response = await self._client.post(self._url, content=body, headers=headers)
        raise_for("crm", response)
