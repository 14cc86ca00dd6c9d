"""Addresses that something is posted to: may they be, and does anybody listen there."""

import asyncio
from contextlib import suppress

import httpx2

from salesloft_webhooks.cli.commands.doctor.diagnosis import Finding, fine, problem

SECONDS = 20.0
HANDLERS_FILE = "correct HANDLERS_FILE (docs/handlers.md)"


async def check_endpoint(name: str, url: str, *, private: bool) -> Finding:
    """Look its address up, connect and shake hands; nothing is sent.

    Args:
        name: What the finding calls it: addresses may be secrets.
        url: Where it is.
        private: Whether it may be an address of the inside.
    """
    from salesloft_webhooks.handlers.outbound.public_addresses import is_public, resolve

    parts = httpx2.URL(url)
    host, secure = parts.host, parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    try:
        async with asyncio.timeout(SECONDS):
            addresses = await resolve(host, port)
            if not private and not all(map(is_public, addresses)):
                do = "use a public address, or set allow_private_addresses: true for this endpoint"
                return problem("endpoint", f"{name}: the address is a private one", do)
            _, writer = await asyncio.open_connection(host, port, ssl=secure or None)
    except UnicodeError:
        return problem("endpoint", f"{name}: there can be no such host", HANDLERS_FILE)
    except (OSError, TimeoutError) as exc:
        what = "no answer" if isinstance(exc, TimeoutError) else (exc.strerror or type(exc).__name__)
        return problem("endpoint", f"{name}: {what}", f"start it, let us out to it, or {HANDLERS_FILE}")
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return fine("endpoint", f"{name}: takes connections")
