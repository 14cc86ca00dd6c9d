"""Who is told where: SalesLoft users and their channels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydantic import SecretStr

from salesloft_webhooks.handlers.builtin.configuration import Digest, NotifyConfiguration, QuietHours, Rep
from salesloft_webhooks.handlers.builtin.notify.channels import Channel, channel_for, name_of

if TYPE_CHECKING:
    from salesloft_webhooks.handlers.outbound.salesloft_users import Users


@dataclass(frozen=True)
class Recipient:
    """A rep, or everybody who has no channel of their own.

    Attributes:
        name: Messages per minute are counted under it.
        channels: Where they are told.
        quiet_hours: When they are not.
        digest: When they are told of everything at once; None: of each event in its time.
    """

    name: str
    channels: tuple[Channel, ...]
    quiet_hours: QuietHours | None
    digest: Digest | None


class People(Protocol):
    """A workspace whose people can be written to directly."""

    async def channel_of(self, email_address: str) -> Channel | None:
        """Where that person is written to; None: there is nobody with that address."""


class RecipientDirectory:
    """Finds the recipient of an event.

    A rep is looked for by user id, then by e-mail address; without a row of their own they are written to directly
    where there is a workspace they are found in, and else told where everybody is.

    Args:
        configuration: The section of the handlers file.
        fallback: Addresses for everybody else when the section names none (`NOTIFY_URLS`).

    Raises:
        ConfigurationError: nobody understands an address.
    """

    def __init__(self, configuration: NotifyConfiguration, fallback: Sequence[SecretStr]) -> None:
        self._configuration = configuration
        self._default = self._recipient("default", _channels(configuration.default_urls or fallback))
        self._by_id: Mapping[int, Recipient] = {
            user_id: self._rep(f"user:{user_id}", rep)
            for user_id, rep in configuration.reps.items()
            if isinstance(user_id, int)
        }
        self._by_email: Mapping[str, Recipient] = {
            address.lower(): self._rep(f"email:{name_of(address.lower())}", rep)
            for address, rep in configuration.reps.items()
            if isinstance(address, str)
        }
        self.users: Users | None = None
        self.people: People | None = None

    def known(self, user_id: int | None) -> Recipient:
        """As `recipient_of`, as far as the configuration alone says it."""
        return self._default if user_id is None else self._by_id.get(user_id, self._default)

    @property
    def channels(self) -> Sequence[Channel]:
        """All of the configuration's."""
        everybody = (self._default, *self._by_id.values(), *self._by_email.values())
        return [channel for each in everybody for channel in each.channels]

    @property
    def has_cards(self) -> bool:
        """Whether a channel of the configuration takes cards."""
        return any(channel.has_cards for channel in self.channels)

    async def recipient_of(self, user_id: int | None) -> Recipient:
        """The rep with that SalesLoft user id, else everybody.

        Raises:
            HandlerSignal: who it is cannot be found out at the moment.
        """
        if user_id is None:
            return self._default
        if found := self._by_id.get(user_id):
            return found
        email_address = await self.users.email_of(user_id) if self.users else None
        if email_address is None:
            return self._default
        if found := self._by_email.get(email_address):
            return found
        channel = await self.people.channel_of(email_address) if self.people else None
        return self._recipient(f"user:{user_id}", (channel,)) if channel else self._default

    def _rep(self, name: str, rep: Rep) -> Recipient:
        return self._recipient(name, _channels(rep.urls), rep)

    def _recipient(self, name: str, channels: tuple[Channel, ...], rep: Rep | None = None) -> Recipient:
        section = self._configuration
        quiet_hours = rep.quiet_hours if rep else None
        digest = rep.digest if rep else None
        return Recipient(name, channels, quiet_hours or section.quiet_hours, digest or section.digest)


def _channels(urls: Sequence[SecretStr]) -> tuple[Channel, ...]:
    return tuple(channel_for(url.get_secret_value()) for url in urls)
