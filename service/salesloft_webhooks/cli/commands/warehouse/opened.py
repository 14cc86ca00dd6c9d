"""The storage that HANDLERS_FILE names."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage


def opened() -> "Storage":
    """The warehouse's storage.

    Raises:
        ConfigurationError: HANDLERS_FILE names none, or the extra ``warehouse`` is not installed.
        Unavailable: the folder or bucket is not there.
    """
    from salesloft_webhooks.handlers.builtin.warehouse import configured, storage_of
    from salesloft_webhooks.settings import Settings

    storage = storage_of(configured(Settings.load()))
    storage.check_reachable()
    return storage
