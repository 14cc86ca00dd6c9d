"""A team with one receiver that accepts the keys of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from salesloft_webhooks.simulator.platform import Behaviour
from tests.integration.cli.subscriptions.team import API_TOKEN, EVENTS, OLD, Team, address
from tests.support.platform_thread import PlatformThread
from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server


@pytest.fixture
def receiver(valkey: Server, tmp_path: Path) -> Iterator[ReceiverProcess]:
    """A receiver with the old key, which follows the file."""
    keys = tmp_path / "keys"
    keys.write_text(f"{OLD}\n")
    with ReceiverProcess(valkey.url, {"SALESLOFT_CALLBACK_SECRET_FILE": str(keys)}) as process:
        yield process


@pytest.fixture
def team(valkey: Server, tmp_path: Path, receiver: ReceiverProcess) -> Iterator[Team]:
    """A team whose deliveries reach the receiver."""
    with PlatformThread(Behaviour(retry_seconds=0.2)) as salesloft:
        salesloft.do(lambda platform: platform.access.allow(API_TOKEN))
        team = Team(salesloft, valkey, tmp_path, address(receiver))
        team.declare(*EVENTS)
        yield team
