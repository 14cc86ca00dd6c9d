"""A Valkey of the model's own: the scripts as they are, on a clock that the model moves."""

import subprocess
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast

from msgspec import Struct
from redis.connection import UnixDomainSocketConnection

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.connection.store import Argument
from salesloft_webhooks.broker.keys import Keys
from salesloft_webhooks.broker.scripts import script, with_includes
from tests.support.servers import engines
from tests.support.waiting import wait_until

ASKS_TIME, MODEL_TIME = "redis.call('TIME')", "redis.call('MGET', 'model:seconds', 'model:micros')"
"""The only words of a script that are others here: where it asks for the time."""
ON_ITS_OWN_CLOCK = "publish"
"""Entries have ids by the server's clock; so has the one script that compares the two."""
Answer = TypeVar("Answer")


class Mutation(Struct, frozen=True):
    """A mistake in the scripts: one line that is another, wherever it stands."""

    name: str
    old: str
    new: str


class CallLost(Exception):
    """The call did not reach the server, as far as its sender knows."""


@dataclass
class ModelStore:
    """What `Group` knows as its `Store`, and what the model does with it beside.

    Attributes:
        connection: To the server.
        mutation: The mistake that the scripts have; None: they are as they are.
        losing: Whether calls are lost; what would have been sent is then in `sent`.
    """

    connection: Any
    mutation: Mutation | None = None
    losing: bool = False
    sent: tuple[str, tuple[Argument, ...]] = ("", ())
    keys: Keys = field(default_factory=Keys)
    partitions: int = 1
    max_bytes: int = 0
    earlier: tuple[()] = ()
    body_keys: None = None
    sealing_keys: None = None
    _digests: dict[str, bytes] = field(default_factory=dict)
    _before: list[tuple[Argument, ...]] = field(default_factory=list)

    @property
    def as_store(self) -> Store:
        """For those who want one."""
        return cast("Store", self)

    async def run(self, name: str, partition: int, args: Sequence[Argument]) -> Any:  # noqa: ARG002
        """As the store's; there is one partition."""
        if self.losing:
            self.sent = name, tuple(args)
            raise CallLost
        return self.script(name, args)

    def script(self, name: str, args: Sequence[Argument]) -> Any:
        """What a script answers."""
        return self.command("EVALSHA", self._digest(name), 1, self.keys.events(0), *args)

    def _digest(self, name: str) -> bytes:
        if name not in self._digests:
            self._digests[name] = self.command("SCRIPT", "LOAD", self._source(name))
        return self._digests[name]

    def _source(self, name: str) -> str:
        own = Path(__file__).with_name("lua") / f"{name}.lua"
        if own.exists():
            return with_includes(own.read_text()).replace(ASKS_TIME, MODEL_TIME)
        source = script(name).source
        if self.mutation:
            source = source.replace(self.mutation.old, self.mutation.new)
        return source if name == ON_ITS_OWN_CLOCK else source.replace(ASKS_TIME, MODEL_TIME)

    def command(self, *words: Argument) -> Any:
        """What the server answers.

        Raises:
            RedisError: it refuses.
        """
        packed = self.connection.pack_commands([*self._before, words])
        self.connection.send_packed_command(packed)
        for _ in self._before:
            self.connection.read_response()
        self._before = []
        return self.connection.read_response()

    def load(self, packed: bytes, seconds: int, micros: int) -> None:
        """The store is what it was; sent together with the next command."""
        self._before = [("EVALSHA", self._digest("load"), 1, self.keys.events(0), packed, seconds, micros)]


def at_once(steps: Coroutine[Any, Any, Answer]) -> Answer:
    """What a coroutine returns that never waits."""
    try:
        steps.send(None)
    except StopIteration as end:
        return cast("Answer", end.value)
    raise AssertionError("it waits for something")


@contextmanager
def model_store(mutation: Mutation | None = None) -> Iterator[ModelStore]:
    """A server that is there as long as the context."""
    with TemporaryDirectory(prefix="model") as folder:
        socket = f"{folder}/socket"
        options = ["--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder]
        server = subprocess.Popen([engines()["valkey"], *options], stdout=subprocess.DEVNULL)
        try:
            wait_until(Path(socket).exists, seconds=15, description="the server listens")
            connection = cast("Any", UnixDomainSocketConnection)(path=socket, socket_timeout=60)
            try:
                yield ModelStore(connection, mutation)
            finally:
                connection.disconnect()
        finally:
            server.kill()
            server.wait()


def a_day_from_now() -> int:
    """The model's clock begins ahead of the server's, in s: so all entries are older, and no end has come."""
    return int(time.time()) + 86_400
