"""What is looked at for a role, in order."""

from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.commands.doctor.diagnosis import Finding, problem
from salesloft_webhooks.errors import ConfigurationError, StoreError

if TYPE_CHECKING:
    from salesloft_webhooks.settings import Settings


class Role(StrEnum):
    """Whose needs are looked at."""

    RECEIVER = "receiver"
    WORKER = "worker"
    BACKFILL = "backfill"
    CONSOLE = "console"
    OPERATOR = "operator"
    ALL = "all"


KEYS_OF = {Role.RECEIVER, Role.ALL}
GROUPS_OF = {Role.WORKER, Role.ALL}
SALESLOFT_OF = {Role.RECEIVER, Role.BACKFILL, Role.OPERATOR, Role.ALL}


async def examine_installation(role: Role, settings: "Settings") -> AsyncIterator[Finding]:
    """Everything that the role needs, but for the declared subscriptions."""
    from salesloft_webhooks.cli.commands.doctor.group_checks import check_group
    from salesloft_webhooks.cli.commands.doctor.key_checks import check_files, check_keys
    from salesloft_webhooks.cli.commands.doctor.salesloft_checks import check_salesloft

    for finding in check_files(settings):
        yield finding
    if role in KEYS_OF:
        for finding in check_keys(settings):
            yield finding
    async for finding in _of_store(settings):
        yield finding
    if role in GROUPS_OF:
        async for finding in check_group(settings):
            yield finding
    if role in SALESLOFT_OF:
        async for finding in check_salesloft(settings):
            yield finding


async def _of_store(settings: "Settings") -> AsyncIterator[Finding]:
    from salesloft_webhooks.broker import open_store
    from salesloft_webhooks.cli.commands.doctor.store_checks import check_store

    try:
        async with open_store(settings) as store:
            async for finding in check_store(store, settings):
                yield finding
    except (ConfigurationError, StoreError) as exc:
        yield problem("store.reachable", exc, "start the server, or correct REDIS_URL and what it takes to log in")


def is_declared(file: Path, role: Role) -> bool:
    """Whether there are subscriptions to be compared with what SalesLoft has."""
    return role in SALESLOFT_OF - {Role.BACKFILL} and file.exists()
