"""From settings to what answers link swaps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.outbound.public_addresses import CheckedTransport, is_public
from salesloft_webhooks.link_swap.answering import LinkSwaps
from salesloft_webhooks.link_swap.followed_signer import FollowedSigner
from salesloft_webhooks.link_swap.http_swapper import HttpSwapper
from salesloft_webhooks.link_swap.links import AllowedHosts
from salesloft_webhooks.link_swap.python_swapper import PythonSwapper
from salesloft_webhooks.link_swap.shared_lookup import SharedLookup
from salesloft_webhooks.link_swap_settings import LinkSwapSettings
from salesloft_webhooks.outgoing_http import open_client
from salesloft_webhooks.telemetry import LinkSwapTelemetry


@asynccontextmanager
async def open_link_swaps(settings: LinkSwapSettings) -> AsyncIterator[LinkSwaps]:
    """What answers link swaps as the settings say, which must name a swapper.

    Raises:
        ConfigurationError: a setting is wrong.
    """
    _check_hosts(settings)
    telemetry = LinkSwapTelemetry()
    if settings.link_swap_handler:
        yield LinkSwaps(PythonSwapper(settings.link_swap_handler, telemetry), settings, telemetry)
        return
    signer, limits = FollowedSigner(settings), httpx2.Limits(max_connections=settings.link_swap_concurrency)
    allowed = (lambda _address: True) if settings.link_swap_allow_private_addresses else is_public
    # Made now, for the one host there is: it loads the certificates, for which no mail shall wait.
    connects = httpx2.AsyncHTTPTransport(trust_env=False, limits=limits)
    checked = CheckedTransport(lambda: connects, allowed=allowed, resolve=SharedLookup())
    async with open_client(timeout_seconds=settings.link_swap_timeout_seconds, transport=checked) as client:
        yield LinkSwaps(HttpSwapper(settings.link_swap_url or "", signer.headers, client), settings, telemetry)


def _check_hosts(settings: LinkSwapSettings) -> None:
    try:
        AllowedHosts(settings.link_swap_allowed_hosts)
    except ValueError as exc:
        raise ConfigurationError(f"LINK_SWAP_ALLOWED_HOSTS: one of them {exc}") from None
