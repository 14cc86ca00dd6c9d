"""What the commands have open: the file, the source's keys, who accepts them, and SalesLoft."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from salesloft_webhooks.cli.console import note
from salesloft_webhooks.cli.store_access import run_interruptibly
from salesloft_webhooks.errors import ConfigurationError, StoreError

if TYPE_CHECKING:
    from salesloft_webhooks.broker.announced_keys import AnnouncedKeys
    from salesloft_webhooks.cli.commands.subscriptions.key_file import RotatingKeyFile
    from salesloft_webhooks.receiver.sources import Source
    from salesloft_webhooks.settings import Settings
    from salesloft_webhooks.subscriptions import Declaration, Desired, Hands, Memory, Outcome, Round, SigningKey

T = TypeVar("T")
FILE = "--file"
File = Annotated[
    Path, typer.Option(FILE, "-f", metavar="PATH", help="What is declared: the spec of a SalesloftSubscription.")
]
DECLARED = Path("subscriptions.yaml")
FLOOR = 60
"""Units of SalesLoft's rate limit that are left for receivers' and others' needs."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at SalesLoft, with the keys it was made with.

    Attributes:
        round: What was found and is to be done; nothing of it is done yet.
        keys: Those of the source.
        desired: What is wanted.
        at: When SalesLoft was asked, by the clock of who carries plans out.
    """

    round: "Round"
    keys: "tuple[SigningKey, ...]"
    desired: "Desired"
    at: float


@dataclass(slots=True)
class Session:
    """Everything one command works with.

    Attributes:
        declaration: What the file says.
        source: Whose keys sign.
        announced: Asks the store which keys receivers accept.
        hands: Who asks SalesLoft.
        memory: Of the last look's plan.
        removing: Whether all of ours are to go.
    """

    declaration: "Declaration"
    source: "Source"
    announced: "AnnouncedKeys"
    hands: "Hands"
    memory: "Memory"
    removing: bool = False
    _receivers: Mapping[str, frozenset[str]] | None = None
    _said: set[str] = field(default_factory=set)

    async def look(self) -> Look:
        """Ask SalesLoft what is there, and plan. Nothing is changed."""
        from salesloft_webhooks.subscriptions import Seen, reconcile
        from salesloft_webhooks.subscriptions import remove as remove_all

        keys, desired, at = self.keys, self.declaration.desired, self.hands.clock()
        if self.removing:
            found = await remove_all(desired, keys, self.hands, dry=True)
        else:
            seen = Seen(now=time.time(), receivers=await self.who_accepts())
            found = await reconcile(desired, keys, seen, self.memory, self.hands, dry=True)
        self.memory = found.plan.memory
        return Look(found, keys, desired, at)

    async def carry_out(self, look: Look) -> "Outcome":
        """Do what the look has shown, as far as it goes; what is too old by now is not done."""
        return await self.hands.carry_out(look.round.plan.steps, self.declaration.desired, look.keys, look.at)

    @property
    def keys(self) -> "tuple[SigningKey, ...]":
        """As they are now: a rotation may begin while a command waits."""
        from salesloft_webhooks.subscriptions import signing_keys

        if found := signing_keys(self.source.keys):
            return found
        name = self.source.name
        raise ConfigurationError(
            f"source {name} has no key that SalesLoft signs with: set SALESLOFT_CALLBACK_SECRET, or its file"
        )

    @property
    def key_file(self) -> "RotatingKeyFile | None":
        """The file with the master keys; None: they are values."""
        from salesloft_webhooks.cli.commands.subscriptions.key_file import RotatingKeyFile
        from salesloft_webhooks.subscriptions.signing_keys import MASTER_KEYS

        path = self.source.keyring.file(MASTER_KEYS)
        return None if path is None else RotatingKeyFile(path)

    async def who_accepts(self) -> Mapping[str, frozenset[str]] | None:
        """By receiver. While the store is away, what it said last: a receiver that lacked a key may lack it still."""
        try:
            self._receivers = await self.announced.of_source(self.source.name)
        except StoreError as exc:
            self._say_once(f"the store cannot say which keys receivers accept: {exc}")
        if not self._receivers:
            self._say_once(f"no receiver of source {self.source.name} says which keys it accepts: only time will tell")
        return self._receivers

    def _say_once(self, words: str) -> None:
        if words not in self._said:
            self._said.add(words)
            note(words)


def with_session(path: Path, act: Callable[[Session], Awaitable[T]], *, removing: bool = False) -> T:
    """Open everything that the file and the settings describe, run ``act``, close it.

    Raises:
        ConfigurationError: the file or a setting is wrong.
    """
    from salesloft_webhooks.settings import Settings
    from salesloft_webhooks.telemetry import configure_logging

    settings = Settings.load()
    configure_logging(settings, "subscriptions")  # or a remark about a key would go to stdout, into the JSON

    async def work() -> T:
        async with _opened(path, settings) as session:
            session.removing = removing
            return await act(session)

    return run_interruptibly(work)


@asynccontextmanager
async def _opened(path: Path, settings: "Settings") -> AsyncIterator[Session]:
    from salesloft_webhooks.broker import open_store
    from salesloft_webhooks.broker.announced_keys import AnnouncedKeys
    from salesloft_webhooks.broker.salesloft_budget import SharedBudget
    from salesloft_webhooks.salesloft import PER_MINUTE, Patience, open_salesloft
    from salesloft_webhooks.subscriptions import Hands, Memory, load_declaration

    declaration = load_declaration(FILE, path)
    source = _source(declaration.source, settings)
    async with open_store(settings) as store:
        budget = SharedBudget(store, per_minute=PER_MINUTE)
        async with open_salesloft(settings, budget, Patience(floor=FLOOR)) as salesloft:
            yield Session(declaration, source, AnnouncedKeys(store), Hands(salesloft.subscriptions), Memory())


def _source(name: str, settings: "Settings") -> "Source":
    from salesloft_webhooks.receiver.sources import load_sources

    sources = load_sources(settings)
    for source in sources:
        if source.name == name:
            return source
    names = ", ".join(source.name for source in sources)
    raise ConfigurationError(f"{FILE}: spec.source: there is no such source in the settings; there are {names}")
