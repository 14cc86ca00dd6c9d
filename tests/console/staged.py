"""A pipeline in the middle of its day, for pages to show: groups that work, retry, wait, are paused, have given up."""

import json
import math
import time
from collections.abc import Callable

from salesloft_webhooks.broker import Group, Outcome
from salesloft_webhooks.broker.administration.groups import pause
from salesloft_webhooks.broker.administration.samples import EVERY_SECONDS, KEPT
from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.settings import Ordering
from tests.support.broker_driver import Driven

PER_SECOND = 3.4
TYPES = ("email.replied", "person.updated", "call.completed", "email.opened", "meeting.booked", "step.completed")
ERRORS = (
    "HTTPStatusError: 503 from crm",
    "HTTPStatusError: 503 from crm",
    "HTTPStatusError: 503 from crm",
    "TimeoutError: crm took longer than 10 s",
    "ValueError: no such field: Stage__c",
)


async def stage(driven: Driven) -> None:
    """Fill an empty store."""
    activity = await driven.group("activity", "activity-7d9f-2kxqp", handlers=("acme.activity:router",))
    crm = await driven.group("crm", "crm-66c4-x9wlm", ordering=Ordering.ENTITY, events=("person.*", "email.replied"))
    await crm.handler_limits.declare({"log_mail": "8 100/60000/1 data.account.id", "sync": "- -"}, refresh=False)
    notify = await driven.group("notify", "notify-5b8d-qq2zn", events=("email.replied", "meeting.booked"))
    gone = await driven.group("warehouse", "warehouse-gone", events=("*",))
    await gone.retire(leaving=True)
    for number in range(24):
        kind = TYPES[number % len(TYPES)]
        await driven.publish(f"evt-{number:04}", event_type=kind, person=4_700 + number % 7)
    await driven.handle(activity)
    await _struggle(driven, crm)
    await _paused(driven, notify)
    await driven.publish("evt-9001", "evt-9002", event_type="email.replied", person=4_711)
    await driven.take(activity, 1)
    await draw(driven)


async def _struggle(driven: Driven, crm: Group) -> None:
    """Some of it comes again, some was given up, some waits behind."""
    for round_number in range(2):
        for at, lease in enumerate(await driven.take(crm)):
            error = ERRORS[(at + round_number) % len(ERRORS)]
            if error.startswith("ValueError"):
                await driven.settle(crm, [lease], Outcome.DEAD, reason="permanent", error=error)
            elif at % 4 != 3:
                await driven.settle(crm, [lease], Outcome.RETRY, delay_seconds=8.0 * 6**at, error=error)


async def _paused(driven: Driven, notify: Group) -> None:
    await driven.handle(notify, 2)
    await pause(driven.store, "notify", seconds=25 * 60.0, reason="Slack maintenance, ticket 4711")


async def draw(driven: Driven) -> None:
    """Half an hour of samples, as a console would have kept them: each group's backlog, and how it came to that."""
    now = int(time.time() * 1_000)
    shapes: dict[str, Callable[[float], float]] = {
        "activity": lambda at: 0.6 + 0.4 * math.sin(at * 30) * math.sin(at * 11),
        "crm": lambda at: max(0.1, (at - 0.55) * 2.2) ** 1.4,
        "notify": lambda at: max(0.0, (at - 0.8) * 5),
        "warehouse": lambda at: at,
    }
    with driven.server.client() as client:
        client.delete(driven.store.keys.samples)
        for at in range(KEPT):
            answered = round(at * EVERY_SECONDS * PER_SECOND)
            figures = {"added": answered, "outcomes": {"default": {"stored": answered}}}
            ms = now - int((KEPT - 1 - at) * EVERY_SECONDS * 1_000)
            client.lpush(driven.store.keys.samples, f"{ms} {json.dumps(figures)}")
        for group in (await measure(driven.store)).groups:
            shape, key = shapes[group.group], driven.store.keys.group_samples(group.group)
            for at in range(KEPT):
                backlog = round(group.backlog * shape(at / (KEPT - 1)))
                ms = now - int((KEPT - 1 - at) * EVERY_SECONDS * 1_000)
                client.lpush(key, f"{ms} {backlog} 0 0 0 0 0 {backlog}")
