"""The warehouse that HANDLERS_FILE names."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
    from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage


def opened() -> "tuple[Storage, WarehouseConfiguration]":
    """The warehouse's storage, and its section.

    Raises:
        ConfigurationError: HANDLERS_FILE names none, or the extra ``warehouse`` is not installed.
        Unavailable: the folder or bucket is not there.
    """
    from salesloft_webhooks.handlers.builtin.warehouse import configured, storage_of
    from salesloft_webhooks.settings import Settings

    configuration = configured(Settings.load())
    storage = storage_of(configuration)
    storage.check_reachable()
    return storage, configuration
