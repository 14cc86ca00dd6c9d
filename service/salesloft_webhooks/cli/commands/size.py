"""`size`: what a load needs."""

from typing import Annotated

import typer

from salesloft_webhooks.cli.console import show, show_json
from salesloft_webhooks.cli.options import AsJson

DAY = 86_400
HOURS_A_MONTH = 730


def size(  # noqa: PLR0913 - each is an option of the command
    *,
    rate: Annotated[float, typer.Option(min=0, help="Events a second, over the day.")],
    peak: Annotated[
        float, typer.Option(min=0, help="Deliveries a second in a burst; default: ten times the rate.")
    ] = 0,
    body: Annotated[int, typer.Option(min=0, help="Bytes of a body.")] = 1_150,
    groups: Annotated[int, typer.Option(min=1, help="Groups that handle each event.")] = 3,
    handler_seconds: Annotated[float, typer.Option(min=0, help="Seconds that a handler takes.")] = 0.2,
    concurrency: Annotated[int, typer.Option(min=1, help="WORKER_CONCURRENCY.")] = 50,
    history_days: Annotated[float, typer.Option(min=0, help="RETENTION_SECONDS, in days.")] = 1,
    record_days: Annotated[float, typer.Option(min=0, help="IDEMPOTENCY_TTL_SECONDS, in days.")] = 7,
    compressed: Annotated[bool, typer.Option(help="BODY_COMPRESSION=zstd.")] = False,
    memory_share: Annotated[float, typer.Option(min=0.01, max=1, help="HISTORY_MEMORY_SHARE.")] = 0.75,
    price_gib: Annotated[float, typer.Option(min=0, help="What a GiB of Redis costs an hour.")] = 0,
    price_pod: Annotated[float, typer.Option(min=0, help="What a pod of one core costs an hour.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Say which pods and how much Redis a load needs, and what that costs a month. Asks no server: docs/sizing.md."""
    from salesloft_webhooks.sizing import Load, need

    load = Load(
        rate=rate,
        peak_rate=peak or 10 * rate,
        body_bytes=body,
        groups=groups,
        handler_seconds=handler_seconds,
        concurrency=concurrency,
        retention_seconds=history_days * DAY,
        record_seconds=record_days * DAY,
        compressed=compressed,
    )
    found = need(load, memory_share)
    if as_json:
        show_json(found)
        return
    redis = f"{_gib(found.history_bytes)} of history, {_gib(found.record_bytes)} of records"
    show(f"redis:     maxmemory {_gib(found.redis_bytes)}, container {_gib(found.container_bytes)} ({redis})")
    show(f"receivers: {found.receivers:,} pods of one core, for {load.peak_rate:,.0f} deliveries/s")
    at_once = f"{concurrency} handlers at once each"
    show(f"workers:   {found.workers:,} pods of one core for each of {groups} groups, {at_once}")
    if price_gib or price_pod:
        pods = found.receivers + groups * found.workers
        month = HOURS_A_MONTH * (price_gib * found.container_bytes / 2**30 + price_pod * pods)
        show(f"cost:      {month:,.0f} a month, {month / max(rate * 30.4 * DAY / 1e6, 1e-9):,.2f} per million events")


def _gib(amount: int) -> str:
    return f"{amount / 2**30:,.2f} GiB"
