"""What a console looks at by itself, so that pages have it at once: the pipeline's figures, and SalesLoft's list.

Of several consoles, whoever comes first does each.
"""

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.samples import EVERY_SECONDS, add_samples
from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.broker.delivery_counts import known_deliveries
from salesloft_webhooks.console import salesloft_list
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.salesloft import has_credentials
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import get_logger

AGAIN_SECONDS = 5.0
"""After the store could not be asked. A chart has a gap then."""
LOOK_SECONDS = 60.0
"""Between two looks whether SalesLoft is to be asked: where another console has ended, this one goes on."""

log = get_logger(__name__)


def begin_looks(background: Background, store: Store, settings: Settings) -> None:
    """Begin."""

    async def sample() -> None:
        await add_samples(store, await measure(store), await known_deliveries(store))

    async def ask() -> None:
        await salesloft_list.ask(store, settings)

    background.repeat(sample, name="samples", every_seconds=EVERY_SECONDS, failed=_again)
    if has_credentials(settings):
        background.repeat(ask, name="SalesLoft's subscriptions", every_seconds=LOOK_SECONDS, failed=_again)


def _again(error: Exception, _failures: int) -> float:
    if not isinstance(error, StoreError):
        log.error("console.look_failed", exc_info=error)
    return AGAIN_SECONDS
