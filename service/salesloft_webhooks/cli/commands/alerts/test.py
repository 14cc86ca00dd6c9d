"""`alerts test`."""

import asyncio
import time
from typing import TYPE_CHECKING

import typer

from salesloft_webhooks.cli.console import show_json
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.options import AsJson
from salesloft_webhooks.cli.tables import show_table
from salesloft_webhooks.errors import ConfigurationError

if TYPE_CHECKING:
    from salesloft_webhooks.settings import Settings


def send_test(*, as_json: AsJson = False) -> None:
    """Send a message to every address of ALERT_URLS, and say which of them took it."""
    from salesloft_webhooks.settings import Settings

    rows = asyncio.run(_send(Settings.load()))
    if as_json:
        show_json([dict(zip(("address", "service", "result"), row, strict=True)) for row in rows])
    else:
        show_table(("ADDRESS", "SERVICE", "RESULT"), [(str(number), *rest) for number, *rest in rows])
    taken = sum(result == "taken" for *_, result in rows)
    if taken < len(rows):
        raise typer.Exit(ExitCode.PARTLY if taken else ExitCode.FAILED)


async def _send(settings: "Settings") -> list[tuple[int, str, str]]:
    from salesloft_webhooks.alerts.addresses import Addresses
    from salesloft_webhooks.alerts.wording import Wording

    addresses = Addresses(settings)
    await addresses.read()
    if not addresses.channels:
        raise ConfigurationError("ALERT_URLS: nobody is to be told: name an address there, or in ALERT_URLS_FILE")
    message = Wording(settings.console_url).test(int(time.time() * 1_000))
    results = await asyncio.gather(*(each.send_text(message.title, message.body) for each in addresses.channels))
    pairs = zip(addresses.channels, results, strict=True)
    return [(number, channel.scheme, str(result)) for number, (channel, result) in enumerate(pairs, 1)]
