"""Handlers that do not end when they are asked to, for a worker process of their own."""

import asyncio
import time

from salesloft_webhooks import Event, Router

deaf, blocking, plain = Router(), Router(), Router()


@deaf.on("*")
async def swallow_every_cancellation(_event: Event) -> None:
    """Go on whatever happens."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue


@blocking.on("*")
async def block_a_thread(_event: Event) -> None:
    """Leave work in a thread, which nothing can stop."""
    await asyncio.to_thread(time.sleep, 60)


@plain.on("*")
def be_a_thread(_event: Event) -> None:
    """Be in one oneself."""
    time.sleep(60)
