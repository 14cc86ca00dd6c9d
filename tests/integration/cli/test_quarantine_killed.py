"""SIGKILL at every step of `quarantine reprocess`: what was in quarantine is stored, once, by whoever comes after."""

import os
import subprocess
import sys
from typing import Any

import pytest

from salesloft_webhooks.broker.scripts import script
from tests.integration.cli.administered import Console
from tests.integration.cli.held_connection import held_connection
from tests.integration.cli.test_quarantine import EVENTS, QUARANTINE, keep
from tests.support.servers import Server
from tests.support.waiting import wait_until

PUBLISH = script("publish").digest.encode()
REMOVE = b"XDEL"


@pytest.mark.parametrize(
    ("word", "carried_out", "left"),
    [(PUBLISH, False, (1, 3)), (PUBLISH, True, (2, 3)), (REMOVE, False, (2, 3)), (REMOVE, True, (2, 2))],
    ids=["before it is stored", "stored, not known", "before it is removed", "removed, not known"],
)
def test_killed_at_a_step_it_is_stored_once(
    console: Console,
    valkey: Server,
    word: bytes,
    carried_out: bool,  # noqa: FBT001 - parametrised
    left: tuple[int, int],
) -> None:
    """Events stored and deliveries left are those of that step; the next run stores the rest, and nothing twice."""
    with valkey.client() as redis:
        keep(redis, 0)
        console.read("quarantine", "reprocess", "--all")  # the server knows the scripts
        for number in (1, 2, 3):
            keep(redis, number)
        _kill_at(valkey, word, carried_out=carried_out)
        wait_until(lambda: _sizes(redis) == left, seconds=5, description="what was sent is carried out")

        result = console.read("quarantine", "reprocess", "--all")

        assert [fields["id"] for _, fields in redis.xrange(EVENTS)] == ["evt-0", "evt-1", "evt-2", "evt-3"]
        assert (redis.xlen(QUARANTINE), result["stored"]) == (0, 4 - left[0])
        assert result["already_stored"] == left[0] + left[1] - 4


def _sizes(redis: Any) -> tuple[int, int]:
    return redis.xlen(EVENTS), redis.xlen(QUARANTINE)


def _kill_at(server: Server, word: bytes, *, carried_out: bool) -> None:
    with held_connection(server, word, carried_out=carried_out) as between:
        command = [sys.executable, "-m", "salesloft_webhooks", "quarantine", "reprocess", "--all", "--json"]
        environment = {"PATH": os.environ["PATH"], "REDIS_URL": f"redis://127.0.0.1:{between.port}/0"}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert between.held.wait(30)
        process.kill()
        process.wait(10)
