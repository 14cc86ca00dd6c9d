"""Keeps the samples that the pages show: of several consoles, whoever comes first writes each."""

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.samples import add_samples
from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.broker.deliveries import known_deliveries


async def sample(store: Store) -> None:
    """Measure, and keep it if nobody else just has.

    Raises:
        StoreError: the store cannot be asked; the chart has a gap then.
    """
    await add_samples(store, await measure(store), await known_deliveries(store))
