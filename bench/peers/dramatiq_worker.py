"""Dramatiq: acknowledges after the actor has run, which is its only way; retries as it comes.

Its command with one process and threads. ``dramatiq_queue_prefetch`` is its documented means for short tasks.
"""

import os
import sys
import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from tally import BODY, HANDLER_SECONDS, tally

broker = RedisBroker(url=os.environ["REDIS_URL"])
dramatiq.set_broker(broker)


@dramatiq.actor
def handle(event_id: str, body: str) -> None:  # noqa: ARG001 - it is carried, as everybody's is
    """Count it."""
    tally.add(event_id)
    if HANDLER_SECONDS:
        time.sleep(HANDLER_SECONDS)


if __name__ == "__main__":
    for number in range(int(sys.argv[2])):
        handle.send(f"event-{number}", BODY)
