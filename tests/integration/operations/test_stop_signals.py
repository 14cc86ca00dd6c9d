"""A role ends when its stop event is set: by a signal, or by whoever runs it."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from salesloft_webhooks.operations import stop_event
from tests.support.waiting import wait_until

WAITS_FOREVER = """
import asyncio, sys
from salesloft_webhooks.operations import stop_event

async def main():
    with stop_event() as stop:
        print("waiting", flush=True)
        await stop.wait()
        print("draining", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
async def test_a_signal_sets_the_event(number: signal.Signals) -> None:
    """SIGTERM (Kubernetes) and SIGINT (Ctrl-C) both ask for an orderly end."""
    with stop_event() as stop:
        os.kill(os.getpid(), number)

        await asyncio.wait_for(stop.wait(), timeout=5)


async def test_signals_are_given_back_at_the_end() -> None:
    """Afterwards a signal has its former effect again."""

    def former(_number: int, _frame: object) -> None:
        """What a command has set up before it runs a role."""

    before = signal.signal(signal.SIGTERM, former)
    try:
        with stop_event():
            within = signal.getsignal(signal.SIGTERM)

        assert within is not former
        assert signal.getsignal(signal.SIGTERM) is former
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_the_callers_own_event_leaves_signals_alone() -> None:
    """With an event of the caller's, nothing is installed: several roles in one process would fight over it."""
    existing, before = asyncio.Event(), signal.getsignal(signal.SIGTERM)

    with stop_event(existing) as stop:
        assert stop is existing
        assert signal.getsignal(signal.SIGTERM) is before


def test_a_second_interrupt_ends_a_draining_process_but_a_second_sigterm_does_not() -> None:
    """Ctrl-C twice means now; supervisors repeat SIGTERM without meaning it."""
    with subprocess.Popen([sys.executable, "-c", WAITS_FOREVER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as (
        process
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == b"waiting\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == b"draining\n"
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.3)

        process.send_signal(signal.SIGINT)

        wait_until(lambda: process.poll() is not None, description="the process ends")
