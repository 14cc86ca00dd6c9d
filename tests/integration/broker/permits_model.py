"""The permits of a limited group on a real server, whose clock a test moves, and claimants that may die or be lost."""

from dataclasses import dataclass, field
from typing import Any

from salesloft_webhooks.broker.scripts import script

ASKS_TIME, OWN_TIME = "redis.call('TIME')", "redis.call('MGET', 'own:seconds', 'own:micros')"
STREAM, CLOCK, PERMITS = "sl:{0}:events", "sl:{0}:g:crm:clock", "sl:{0}:g:crm:limits:permits"
LEASE_MS = 6_000


@dataclass
class Answer:
    """What a call was answered."""

    given: int
    wait_ms: int
    held_up: str
    grant: int


@dataclass
class Permits:
    """Calls of the scripts by a clock of the test's own.

    Attributes:
        redis: A plain client.
        server_ms: The server's clock.
        lease_ms: How long claims are kept without another word.
    """

    redis: Any
    server_ms: int = 1_900_000_000_000
    lease_ms: int = LEASE_MS
    _numbers: dict[str, int] = field(default_factory=dict)
    _grants: dict[str, int] = field(default_factory=dict)

    def limit(self, words: str) -> None:
        """Say by hand what limits the group."""
        self.run("set_limits", "crm", "hand", words, "")

    def run(self, name: str, *args: object) -> Any:
        """Call a script now."""
        self.redis.mset({"own:seconds": self.server_ms // 1000, "own:micros": self.server_ms % 1000 * 1000})
        return self.redis.eval(script(name).source.replace(ASKS_TIME, OWN_TIME), 1, STREAM, *args)

    def call(self, claimant: str, *, running: int, wanted: int = 0, unused: str = "") -> tuple[object, ...]:
        """The words of a claimant's next call, which may be sent late, twice or never."""
        self._numbers[claimant] = number = self._numbers.get(claimant, 0) + 1
        return "crm", claimant, number, self.lease_ms, running, wanted, unused

    def send(self, call: tuple[object, ...]) -> Answer:
        """Send it."""
        given, wait, held_up, _, grant = self.run("permits", *call)
        return Answer(given, wait, held_up.decode() if isinstance(held_up, bytes) else held_up, grant)

    def ask(self, claimant: str, *, running: int = 0, wanted: int = 1, unused: int = 0) -> Answer:
        """Ask, and hear the answer; so many permits of the claimant's latest grant come back."""
        back = f"{self._grants[claimant]}:{unused}" if unused else ""
        answer = self.send(self.call(claimant, running=running, wanted=wanted, unused=back))
        if answer.grant:
            self._grants[claimant] = answer.grant
        return answer

    def keep(self, **running: int) -> None:
        """Keep what runs, as the renewing thread does."""
        for name, attempts in running.items():
            number = self._numbers.get(name, 0)
            self.run("keep_permits", "crm", self.lease_ms, name, attempts, number, number)

    def counted(self) -> int:
        """How many attempts the store takes for running."""
        return counted(self.redis)


def counted(redis: Any, group: str = "crm") -> int:
    """The same of a group: what its claims say, and the sum that is kept of them, which has to agree."""
    fields = redis.hgetall(f"sl:{{0}}:g:{group}:limits:permits")
    claims = {name: words for name, words in fields.items() if not name.startswith("/")}
    total = sum(int(words.split()[1]) for words in claims.values())
    assert int(fields.get("/total", 0)) == total
    assert set(redis.zrange(f"sl:{{0}}:g:{group}:limits:ends", 0, -1)) == set(claims)
    return total
