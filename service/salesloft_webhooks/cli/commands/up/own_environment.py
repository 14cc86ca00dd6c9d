"""What each process of `up` is given of the environment.

A setting that may hold a secret, an address or a file is given to the roles that read it, and to no other; the server
is given none. All else stays: numbers and choices tell nothing, what is no setting of ours (`PATH`, `OTEL_*`) may be
needed by what we run, and a file of handlers may name any variable (`${CRM_TOKEN}`), which only it knows.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import get_args

from pydantic import SecretStr

from salesloft_webhooks.alert_settings import AlertSettings
from salesloft_webhooks.console_settings import ConsoleSettings
from salesloft_webhooks.link_swap_settings import LinkSwapSettings
from salesloft_webhooks.salesloft_settings import SalesloftSettings
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.store_settings import StoreSettings


class Reader(StrEnum):
    """Whose process it is."""

    SERVER = "server"
    RECEIVER = "receiver"
    CONSOLE = "console"
    WORKER = "worker"
    SIMULATOR = "simulator"


HARMLESS = frozenset({"LOG_LEVEL", "LOG_FORMAT", "REDIS_KEY_PREFIX"})
_LISTENING = frozenset({"HOST", "HEALTH_PATH"})


def _names(settings: type[object]) -> frozenset[str]:
    return frozenset(name.upper() for name in vars(settings)["__annotations__"])


def _is_text(annotation: object) -> bool:
    kinds = get_args(annotation) or (annotation,)
    return any(kind in {str, SecretStr, Path} or (get_args(kind) and _is_text(kind)) for kind in kinds)


TEXTS = frozenset(name.upper() for name, item in Settings.model_fields.items() if _is_text(item.annotation)) - HARMLESS
"""Settings that hold a secret, a file or an address of the world outside: what is neither number nor choice."""
_SOURCE = frozenset(name for name in TEXTS if name.startswith(("SALESLOFT_WEBHOOK_", "SALESLOFT_CALLBACK_", "SOURCE")))
_SOURCE |= {"SALESLOFT_STANDARD_WEBHOOKS_SECRET", "SALESLOFT_STANDARD_WEBHOOKS_SECRET_FILE"}
_HANDLERS = frozenset(name for name in TEXTS if name.startswith(("WORKER_", "DATABASE_", "NOTIFY_", "HANDLERS_")))
_STORE = _names(StoreSettings)
READ_BY: Mapping[Reader, frozenset[str]] = {
    Reader.SERVER: frozenset(),
    Reader.RECEIVER: _STORE | _LISTENING | _SOURCE | _names(LinkSwapSettings),
    Reader.CONSOLE: _STORE | _LISTENING | _names(ConsoleSettings) | _names(SalesloftSettings),
    Reader.WORKER: _STORE | _LISTENING | _HANDLERS | _names(AlertSettings) | _names(SalesloftSettings),
    Reader.SIMULATOR: _LISTENING | _names(SalesloftSettings),
}
"""The names that a role reads, of those in `TEXTS`; others do not matter here."""


def own_environment(reader: Reader, environment: Mapping[str, str]) -> dict[str, str]:
    """Of the environment, what this role is given. Names count in whatever case, as settings do."""
    others = TEXTS - READ_BY[reader]
    return {name: value for name, value in environment.items() if name.upper() not in others}
