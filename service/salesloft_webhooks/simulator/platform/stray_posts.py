"""What a receiver meets beside deliveries: the same once more, and forgeries of it by somebody without the keys."""

from collections import Counter
from random import Random

from salesloft_webhooks.simulator.platform.account import NO_ANSWER
from salesloft_webhooks.simulator.platform.behaviour import Behaviour
from salesloft_webhooks.simulator.platform.callback_client import CallbackClient
from salesloft_webhooks.simulator.signed_deliveries import Delivery, Forger, Kind, Signer


class StrayPosts:
    """Posts shares of the deliveries again, as `Behaviour.duplicates` and `Behaviour.forgeries` say.

    Attributes:
        answers: Those posted, by kind and by status.
    """

    def __init__(self, client: CallbackClient, behaviour: Behaviour) -> None:
        self._client, self._behaviour = client, behaviour
        self._random = Random()  # noqa: S311 - which ones are posted again is no secret
        self.answers: dict[Kind, Counter[str]] = {Kind.DUPLICATE: Counter(), Kind.FORGERY: Counter()}

    async def after(self, url: str, delivery: Delivery, signer: Signer) -> None:
        """A delivery was taken: perhaps it comes again, as when its answer was lost; perhaps somebody forges it."""
        if self._random.random() < self._behaviour.duplicates:
            await self._post(Kind.DUPLICATE, url, delivery)
        if self._random.random() < self._behaviour.forgeries:
            forgery = Forger(self._random, signer).forge(delivery, int(self._behaviour.clock()))
            await self._post(Kind.FORGERY, url, forgery)

    def plain(self) -> dict[str, dict[str, int]]:
        """As JSON has it."""
        return {kind.value: dict(statuses) for kind, statuses in self.answers.items()}

    async def _post(self, kind: Kind, url: str, delivery: Delivery) -> None:
        status, _ = await self._client.post(url, delivery)
        self.answers[kind][NO_ANSWER if status is None else str(status)] += 1
