"""What every handler of the console is given."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.narrowed_counts import NarrowedCounts
from salesloft_webhooks.console.countings import Countings
from salesloft_webhooks.console.live import Live
from salesloft_webhooks.console.running_searches import Searches
from salesloft_webhooks.console.store_state import StoreState
from salesloft_webhooks.settings import Settings


@dataclass(frozen=True, slots=True)
class Console:
    """One console.

    Attributes:
        store: The open store.
        settings: As it was started.
        stopping: Set when it has to end.
        live: New entries, as they come.
        now: Unix time by the store's clock: what ages are counted by.
        state: Whether the store answers.
        searches: Those that are under way.
        dead: Dead letters, counted by error.
        countings: Counts that take longer than a page may.
    """

    store: Store
    settings: Settings
    stopping: asyncio.Event
    live: Live
    now: Callable[[], float]
    state: StoreState
    searches: Searches
    countings: Countings = field(default_factory=Countings)
    dead: NarrowedCounts = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dead", NarrowedCounts(self.store))
