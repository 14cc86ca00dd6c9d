"""What tests of people's acts on follow-ups do."""

from salesloft_webhooks.broker.administration.follow_up_acts import cancel_follow_ups, find_follow_up, run_now
from salesloft_webhooks.broker.administration.follow_up_filter import RunNow
from salesloft_webhooks.broker.administration.selected import named_follow_ups
from tests.support.broker_bench import Bench
from tests.support.broker_driver import TTL


async def cancelled(bench: Bench, *names: str) -> list[str]:
    """Cancel these, wherever they are known; what became of each."""
    found = await named_follow_ups(bench.store, names)
    assert found.missing == []
    done = cancel_follow_ups(bench.store, found.items, idempotency_ttl_seconds=TTL)
    return [outcome async for _, outcome in done]


async def run(bench: Bench, name: str) -> RunNow:
    """Have one run now."""
    found = await find_follow_up(bench.store, name)
    assert found is not None
    return await run_now(bench.store, found, idempotency_ttl_seconds=TTL)
