"""SalesLoft's subscriptions, in memory, which may fail or kill whoever asks at any step."""

from collections.abc import Callable
from dataclasses import dataclass, field

from salesloft_webhooks.errors import SalesloftError
from salesloft_webhooks.salesloft import Subscription


class Killed(BaseException):
    """Whoever asked has died."""


@dataclass
class FakeRegistry:
    """A `Registry`.

    Attributes:
        there: What is there, by id.
        asked: The calls, in order.
        before: Called with a call's number and name before it is done; may raise.
        after: The same, when it is done, before the answer arrives.
    """

    there: dict[int, Subscription] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    before: Callable[[int, str], None] = lambda _number, _name: None
    after: Callable[[int, str], None] = lambda _number, _name: None

    async def all(self) -> list[Subscription]:
        """See `Registry`."""
        with_number = self._begin("all")
        found = list(self.there.values())
        self.after(*with_number)
        return found

    async def create(self, event_type: str, callback_url: str, callback_token: str) -> Subscription:
        """See `Registry`."""
        number = self._begin("create")
        made = Subscription(
            id=max(self.there, default=0) + 1,
            event_type=event_type,
            callback_url=callback_url,
            callback_token=callback_token,
        )
        self.there[made.id] = made
        self.after(*number)
        return made

    async def enable(self, identity: int) -> Subscription:
        """See `Registry`."""
        number = self._begin("enable")
        before = self.there[identity]
        self.there[identity] = Subscription(
            id=before.id,
            event_type=before.event_type,
            callback_url=before.callback_url,
            callback_token=before.callback_token,
        )
        self.after(*number)
        return self.there[identity]

    async def delete(self, identity: int) -> None:
        """See `Registry`."""
        number = self._begin("delete")
        self.there.pop(identity, None)
        self.after(*number)

    def _begin(self, name: str) -> tuple[int, str]:
        number = len(self.asked)
        self.asked.append(name)
        self.before(number, name)
        return number, name


def failing(error: SalesloftError, *numbers: int) -> Callable[[int, str], None]:
    """Raises the error at these calls."""

    def fail(number: int, _: str) -> None:
        if number in numbers:
            raise error

    return fail
