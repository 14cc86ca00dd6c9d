"""A team at SalesLoft whose subscriptions are planned."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from salesloft_webhooks.salesloft import Subscription
from salesloft_webhooks.subscriptions import (
    Create,
    Delete,
    Desired,
    MasterKey,
    Memory,
    Plan,
    Seen,
    SigningKey,
    plan,
)

URL = "https://hooks.example.com/webhooks/salesloft"
OLD, NEW, NEWEST = MasterKey(b"old secret"), MasterKey(b"new secret"), MasterKey(b"newest secret")
EVENTS = ("call_created", "email_updated", "note_created", "person_created", "person_updated")


@dataclass
class Team:
    """A team at SalesLoft, one who plans for it, and receivers who have all keys unless it is said otherwise."""

    keys: list[SigningKey] = field(default_factory=lambda: [OLD])
    desired: Desired = field(default_factory=lambda: Desired(callback_url=URL, events=frozenset(EVENTS)))
    there: dict[int, Subscription] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    now: float = 0.0
    receivers: Mapping[str, frozenset[str]] | None = None

    def add(self, event: str, key: SigningKey, *, enabled: bool = True, url: str = URL) -> int:
        """SalesLoft has one more; its id."""
        identity = max(self.there, default=0) + 1
        token = key.token(event)
        self.there[identity] = Subscription(
            id=identity, event_type=event, callback_url=url, callback_token=token, enabled=enabled
        )
        return identity

    def receivers_have(self, *keys: SigningKey) -> None:
        """A receiver says which keys it has."""
        self.receivers = {"receiver-1": frozenset(key.fingerprint for key in keys)}

    def look(self, found: list[Subscription] | None = None) -> Plan:
        """One plan."""
        listed = list(self.there.values()) if found is None else found
        made = plan(self.desired, listed, self.keys, Seen(now=self.now, receivers=self.receivers), self.memory)
        self.memory = made.memory
        return made

    def round(self) -> Plan:
        """One plan, carried out."""
        made = self.look()
        for step in made.steps:
            if isinstance(step, Create):
                self.add(step.event, self.keys[step.key], url=self.desired.url_of(step.event))
            elif isinstance(step, Delete):
                del self.there[step.id]
        return made
