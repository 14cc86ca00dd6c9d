"""`salesloft-webhooks backfill` as a process, with the simulated SalesLoft of these tests."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process

from tests.integration.backfill.world import API_TOKEN, World
from tests.support.servers import free_port


async def start(
    world: World, *options: str, per_second: float = 100_000, stderr: int = PIPE, **settings: str
) -> Process:
    """The command, as in a pod, or with a terminal of the caller's as stderr; ``settings``: more variables."""
    environment = os.environ | {
        "REDIS_URL": world.server.url,
        "SALESLOFT_API_URL": world.platform.url,
        "SALESLOFT_API_TOKEN": API_TOKEN,
        "BACKFILL_EVENTS_PER_SECOND": str(per_second),
        "BACKFILL_EVERY_SECONDS": "0.1",
        "HOST": "127.0.0.1",
        "OPS_PORT": str(free_port()),
        "TERM": "xterm",
        **settings,
    }
    command = (sys.executable, "-m", "salesloft_webhooks", "backfill", *options)
    return await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=stderr)


async def ended(process: Process) -> tuple[int, str, str]:
    """Its exit code, and what it said on both outputs."""
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), (err or b"").decode()
