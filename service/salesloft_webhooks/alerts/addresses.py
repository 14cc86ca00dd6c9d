"""The addresses that are told: of the settings, or of a file that may change at any time."""

import asyncio
import re

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.builtin.notify.channels import AppriseChannel
from salesloft_webhooks.secret_file import SecretFile
from salesloft_webhooks.settings import Settings

_BETWEEN = re.compile(r"[,\r\n]+")


class Addresses:
    """Apprise addresses, as channels. Nothing shows them: they hold secrets.

    Attributes:
        channels: Those that could be used when they were read last.

    Args:
        settings: See `AlertSettings`; those of the file come after those of the variable.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file: SecretFile | None = None
        self._read: tuple[str, ...] | None = None
        self._problem = ""
        self.channels: tuple[AppriseChannel, ...] = ()

    async def read(self) -> None:
        """Look whether they are others now.

        Raises:
            ConfigurationError: the file cannot be read, or Apprise does not understand an address; `channels` stay.
        """
        written = await asyncio.to_thread(self._written)
        if written != self._read:
            self._read, self._problem = written, ""
            try:
                # Apprise takes a quarter of a second to load: not in the thread in which events are handled.
                self.channels = await asyncio.to_thread(_opened, written)
            except ConfigurationError as exc:
                self._problem = str(exc)
        if self._problem:
            raise ConfigurationError(self._problem)

    def _written(self) -> tuple[str, ...]:
        urls = [url.get_secret_value() for url in self._settings.alert_urls]
        if (path := self._settings.alert_urls_file) is not None:
            if self._file is None:
                self._file = SecretFile("ALERT_URLS_FILE", path)
            self._file.refresh()
            urls += [url.strip() for url in _BETWEEN.split(self._file.value) if url.strip()]
        return tuple(dict.fromkeys(urls))


def _opened(urls: tuple[str, ...]) -> tuple[AppriseChannel, ...]:
    channels: list[AppriseChannel] = []
    for number, url in enumerate(urls, 1):
        try:
            channels.append(AppriseChannel(url))
        except ConfigurationError:
            raise ConfigurationError(
                f"ALERT_URLS: Apprise does not understand address {number} of {len(urls)}"
            ) from None
    return tuple(channels)
