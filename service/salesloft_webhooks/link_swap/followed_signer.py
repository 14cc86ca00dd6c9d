"""Signs what is posted to the endpoint, with the key as it is now."""

from collections.abc import Mapping
from datetime import datetime

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.outbound.signing import Signer
from salesloft_webhooks.link_swap_settings import LinkSwapSettings
from salesloft_webhooks.secret_file import SecretFile
from salesloft_webhooks.telemetry import get_logger

log = get_logger(__name__)


class FollowedSigner:
    """Signs as `Signer` does, and follows the file of its key when that changes.

    Args:
        settings: Have the key, or name its file.

    Raises:
        ConfigurationError: there is no key that can sign. Later that only means that the former one goes on signing.
    """

    def __init__(self, settings: LinkSwapSettings) -> None:
        file, given = settings.link_swap_secret_file, settings.link_swap_secret
        self._file = SecretFile("LINK_SWAP_SECRET_FILE", file) if file else None
        setting, written = "LINK_SWAP_SECRET", given.get_secret_value() if given else ""
        if self._file is not None:
            setting, written = "LINK_SWAP_SECRET_FILE", self._file.value
        try:
            self._signer = _signer(written)
        except ConfigurationError as exc:
            raise ConfigurationError(f"{setting}: {exc}") from None

    def headers(self, key: str, moment: datetime, body: bytes) -> Mapping[str, str]:
        """See `Signer.headers`; the key is as of a second ago at most."""
        if self._file is not None and self._file.refresh():
            self._follow(self._file.value)
        return self._signer.headers(key, moment, body)

    def _follow(self, written: str) -> None:
        try:
            self._signer = _signer(written)
        except ConfigurationError as exc:
            log.error("link_swap.secret_refused", problem=str(exc))  # noqa: TRY400 - a traceback says no more
        else:
            log.info("link_swap.secret_changed")


def _signer(written: str) -> Signer:
    secrets = [part.strip() for part in written.replace("\n", ",").split(",") if part.strip()]
    if not secrets:  # it would post unsigned
        raise ConfigurationError("holds no signing secret")
    return Signer(secrets)
