"""What is asked before a window is read, and what an error says of the resource that it ended."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from salesloft_webhooks.backfill.coverage import Resource
from salesloft_webhooks.backfill.progress import Rules, TooOld
from salesloft_webhooks.backfill.windows import UnreliableList
from salesloft_webhooks.errors import (
    SalesloftForbidden,
    SalesloftNotFound,
    SalesloftRefused,
    SalesloftUnauthorized,
)
from salesloft_webhooks.salesloft import LISTS, Direction, Salesloft
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import BackfillState


def rules_of(settings: Settings) -> Rules:
    """How windows are cut."""
    return Rules(
        timedelta(seconds=settings.backfill_settle_seconds),
        timedelta(seconds=settings.backfill_overlap_seconds),
        timedelta(seconds=settings.idempotency_ttl_seconds),
    )


async def salesloft_now(salesloft: Salesloft, kinds: Iterable[Resource], otherwise: datetime) -> datetime:
    """SalesLoft's clock, for which it is asked for one row; where its answers have no date, ``otherwise``.

    Raises:
        SalesloftError: it cannot be asked.
    """
    for kind in kinds:
        try:
            page = await salesloft.lists.page(LISTS[kind.name], direction=Direction.DESCENDING, per_page=1)
        except (SalesloftForbidden, SalesloftNotFound, SalesloftRefused):
            continue  # that list's own misfortune, which its own state will say
        return page.date or otherwise
    return otherwise


def state_of(error: Exception) -> BackfillState:
    """What an error that ended a round says of its resource."""
    match error:
        case TooOld():
            return BackfillState.TOO_OLD
        case SalesloftUnauthorized():
            return BackfillState.UNAUTHORIZED
        case SalesloftForbidden():
            return BackfillState.FORBIDDEN
        case UnreliableList() | SalesloftNotFound() | SalesloftRefused():
            return BackfillState.UNRELIABLE
        case _:
            return BackfillState.FAILING
