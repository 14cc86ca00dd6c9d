"""Who is told where: SalesLoft users and their channels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from salesloft_webhooks.handlers.builtin.configuration import NotifyConfiguration, QuietHours
from salesloft_webhooks.handlers.builtin.notify.channels import Channel


@dataclass(frozen=True)
class Recipient:
    """A rep, or everybody who has no channel of their own.

    Attributes:
        name: RequestLimiter per minute are counted under it.
        channels: Where they are told.
        quiet_hours: When they are not.
    """

    name: str
    channels: tuple[Channel, ...]
    quiet_hours: QuietHours | None


class RecipientDirectory:
    """Finds the recipient of an event.

    Args:
        configuration: The section of the handlers file.
        fallback: Addresses for everybody else when the section names none (`NOTIFY_URLS`).

    Raises:
        ConfigurationError: Apprise does not understand an address.
    """

    def __init__(self, configuration: NotifyConfiguration, fallback: Sequence[SecretStr]) -> None:
        quiet_hours = configuration.quiet_hours
        self._default = Recipient("default", _channels(configuration.default_urls or fallback), quiet_hours)
        self._reps: Mapping[int, Recipient] = {
            user_id: Recipient(f"user:{user_id}", _channels(rep.urls), rep.quiet_hours or quiet_hours)
            for user_id, rep in configuration.reps.items()
        }

    def recipient_of(self, user_id: int | None) -> Recipient:
        """The rep with that SalesLoft user id, else everybody."""
        return self._default if user_id is None else self._reps.get(user_id, self._default)


def _channels(urls: Sequence[SecretStr]) -> tuple[Channel, ...]:
    return tuple(Channel(url.get_secret_value()) for url in urls)
