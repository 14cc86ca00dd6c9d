"""The test kit for handlers.

One handler against one event, without any server::

    result = await run(router, event("person.created", id=7, email_address="robin@example.com"))
    assert result.outcome is Outcome.DONE

What it asked for later is among ``result.follow_ups``: ``await run_later(router, result.follow_ups[0], the_event)``.

Several events for a batch handler: ``await run_batch(router, [event(...), event(...)])``.

The whole pipeline in the test's process, with a real Valkey (``pip install salesloft-webhooks[embedded]``): deliveries
are signed and posted to a receiver, stored, and handled by a worker that retries, orders and buries as in production::

    async with pipeline(router) as running:
        await running.deliver("person.created", {"id": 7})
        await running.settled()
        assert await running.dead_letters() == []

With pytest, ``pytest_plugins = ["salesloft_webhooks.testing.fixtures"]`` gives the same as the fixture
``salesloft_pipeline``.
"""

from salesloft_webhooks.handlers.one_attempt import Outcome, Result, run, run_batch, run_later
from salesloft_webhooks.testing.events import event
from salesloft_webhooks.testing.pipeline import Pipeline, StartPipeline, pipeline

__all__ = ["Outcome", "Pipeline", "Result", "StartPipeline", "event", "pipeline", "run", "run_batch", "run_later"]
