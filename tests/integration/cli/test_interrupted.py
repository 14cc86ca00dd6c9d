"""Ctrl-C ends every command at once, whatever it is doing."""

import asyncio
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from salesloft_webhooks.broker import Store
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.settings import Settings
from tests.integration.cli.many_letters import DEAD, add_dead_letter
from tests.support.servers import Server
from tests.support.waiting import wait_until

LETTERS = 10


def test_one_ctrl_c_ends_a_question(valkey: Server, tmp_path: Path) -> None:
    """Who is asked and presses Ctrl-C has said no: the command ends, and nothing was thrown away."""
    with valkey.client() as redis:
        redis.sadd("sl:groups", "crm")
        add_dead_letter(redis, LETTERS)
        terminal, its_end = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "salesloft_webhooks", "dead", "discard", "--all"],
            cwd=tmp_path,
            env=os.environ | {"REDIS_URL": valkey.url},
            stdin=its_end,
            stdout=its_end,
            stderr=its_end,
        )
        os.close(its_end)
        try:
            said = b""
            while b"for good?" not in said:
                said += os.read(terminal, 1_024)

            wait_until_it_reads(process.pid)
            process.send_signal(signal.SIGINT)

            assert process.wait(timeout=20) == ExitCode.FAILED
            assert redis.xlen(DEAD) == LETTERS
        finally:
            process.kill()
            process.wait()
            os.close(terminal)


def wait_until_it_reads(pid: int) -> None:
    """Wait until a process waits for its terminal: a signal just before `input` reads is noticed only after it."""
    process = psutil.Process(pid)
    used = [0.0]

    def waits() -> bool:
        time.sleep(0.5)
        used.append(sum(process.cpu_times()[:2]))
        return used[-1] == used[-2] and process.status() == psutil.STATUS_SLEEPING

    wait_until(waits, seconds=20, description="it does nothing but wait")


def test_ctrl_c_between_two_replies_is_not_swallowed(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client takes a cancellation before its first read for its own time-out; the command ends all the same."""
    monkeypatch.setenv("REDIS_URL", valkey.url)

    replies = []

    async def walk(store: Store, _: Settings) -> None:
        await store.client.ping()
        os.kill(os.getpid(), signal.SIGINT)
        for _round in range(200):
            replies.append(await store.client.ping())
            await asyncio.sleep(0.05)

    with pytest.raises(KeyboardInterrupt):
        with_store(walk)

    assert len(replies) < 100


def test_ctrl_c_ends_a_command_that_waits_for_the_store(tmp_path: Path) -> None:
    """A server that does not answer is not waited for: the exit code is the one that scripts know from shells."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = subprocess.Popen(
            [sys.executable, "-m", "salesloft_webhooks", "groups", "list"],
            cwd=tmp_path,
            env=os.environ | {"REDIS_URL": f"redis://127.0.0.1:{silent.getsockname()[1]}/0"},
        )
        try:
            silent.settimeout(20)
            connection, _ = silent.accept()
            with connection:
                process.send_signal(signal.SIGINT)

                assert process.wait(timeout=20) == ExitCode.INTERRUPTED
        finally:
            process.kill()
            process.wait()
