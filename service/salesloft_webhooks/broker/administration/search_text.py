"""What the audit says of a text that somebody searched for: not the text, which may be an address."""

import hmac
import secrets
from typing import Any

from salesloft_webhooks.broker.connection.store import Store, translated

SHOWN = 16
"""Hexadecimal digits."""


async def text_fingerprint(store: Store, text: str) -> str:
    """The beginning of a text's HMAC by a key that the store keeps: the same for the same text, in every console.

    Raises:
        StoreError: the store cannot be asked.
    """
    with translated():
        key: Any = await store.client.get(store.keys.search_key)
        if key is None:  # only then: a server that writes nothing can still be searched
            await store.client.set(store.keys.search_key, secrets.token_hex(32), nx=True)
            key = await store.client.get(store.keys.search_key)
    return hmac.digest(key, text.encode(errors="surrogatepass").lower(), "sha256").hex()[:SHOWN]
