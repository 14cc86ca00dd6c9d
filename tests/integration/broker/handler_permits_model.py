"""Limits of handlers on a real server, whose clock a test moves, and events that ask, wait, run and are lost."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.integration.broker.permits_model import LEASE_MS, Permits

BASE = "sl:{0}:g:crm:limit"


@dataclass
class Answer:
    """What an event was answered; ``permit`` is empty when it has none."""

    permit: str
    wait_ms: int
    limit: str
    handler: int


@dataclass
class Handlers:
    """Calls of the scripts by a clock of the test's own.

    Attributes:
        redis: A plain client.
        calls: Runs scripts at that clock's time.
    """

    redis: Any
    calls: Permits = field(init=False)
    _numbers: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.calls = Permits(self.redis)

    def pass_ms(self, ms: int) -> None:
        """Time goes on."""
        self.calls.server_ms += ms

    def ask(self, event: str, *wants: tuple[str, str]) -> Answer:
        """Ask for an event that needs handlers with these limits, each of that digest, which is its name, too."""
        permit = f"{event} {next(self._numbers)}"
        words = [word for limits, digest in wants for word in (digest, limits, digest)]
        ((wait, limit, number),) = self.calls.run(
            "handler_permits", "crm", LEASE_MS, 0, event, permit, len(wants), *words
        )
        return Answer(permit if wait < 0 else "", wait, text(limit), number)

    def give_back(self, permit: str, *wants: tuple[str, str], held_ms: int = 20) -> None:
        """A permit comes back; -1: nothing was begun with it."""
        words = [word for limits, digest in wants for word in (digest, permit, digest, limits, held_ms)]
        self.calls.run("handler_permits", "crm", LEASE_MS, len(wants), *words)

    def keep(self, *permits: str, digest: str = "k") -> int:
        """Keep them; how many the store did not have."""
        words = [word for permit in permits for word in (digest, permit)]
        return sum(self.calls.run("keep_handler_permits", "crm", LEASE_MS, *words))

    def in_use(self, digest: str = "k") -> set[str]:
        """The permits that the store has of a key."""
        return set(self.redis.zrange(f"{BASE}:{digest}", 0, -1)) - {"/bucket"}


def text(word: bytes | str) -> str:
    """As a client with or without decoding has it."""
    return word.decode() if isinstance(word, bytes) else word
