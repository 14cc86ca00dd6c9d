"""A new key under traffic: no delivery is refused, and none is lost."""

import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.simulator.platform import SimulatedPlatform
from salesloft_webhooks.simulator.sales_team import SalesTeam
from tests.integration.cli.subscriptions.team import EVENTS, NEW, OLD, Team, address, ended, token
from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server

PER_SECOND = 40


class Traffic:
    """Changes at the team, all the time; use as ``with``."""

    def __init__(self, team: Team) -> None:
        self._team = team
        self._people = SalesTeam(Random(7), datetime.now(UTC))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.wait(1 / PER_SECOND):
            self._team.salesloft.do(self._happen)

    def _happen(self, platform: SimulatedPlatform) -> None:
        change = self._people.next()
        if change.native_name in self._team.events:
            platform.happen(change)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._team.salesloft.settled()


def refused(team: Team) -> tuple[int, list[int | None]]:
    """How many deliveries there were, and every answer to any attempt that is not a 200."""
    ledger = team.salesloft.do(lambda platform: list(platform.deliveries.ledger))
    return len(ledger), [status for each in ledger for status in each.statuses if status != 200]


def test_a_rotation_under_traffic_refuses_nothing(team: Team) -> None:
    """A key is made, spread, used, and the old one taken away, while changes come: every first attempt is taken."""
    team.run("apply", "--yes")

    with Traffic(team):
        rotated = team.run("rotate", "--yes", "--keep-old", "2s", "--json")
    (new,) = team.key_file.read_text().split()

    deliveries, others = refused(team)
    assert rotated.code == ExitCode.OK, rotated.err
    assert new != OLD
    assert (rotated.document["complete"], rotated.document["state"]["phase"]) == (True, "Idle")
    assert team.is_as_declared(new)
    assert deliveries > 2 * PER_SECOND
    assert others == []


def test_a_receiver_that_reads_late_is_waited_for(team: Team, valkey: Server, tmp_path: Path) -> None:
    """Deliveries go to one that has the old key alone, while another has both: nothing is created until it reads.

    One that dies meanwhile, and one that starts with both keys, are no hindrance.
    """
    late = tmp_path / "late-keys"
    late.write_text(OLD)
    reader = ReceiverProcess(valkey.url, {"SALESLOFT_CALLBACK_SECRET_FILE": str(late)})
    team.url = address(reader)
    team.declare(*EVENTS)
    with reader, Traffic(team):
        team.run("apply", "--yes")
        team.has_keys(NEW, OLD)
        process = team.start("rotate", "--yes", "--keep-old", "0s")
        with ReceiverProcess(valkey.url, {"SALESLOFT_CALLBACK_SECRET_FILE": str(team.key_file)}):
            time.sleep(4)  # starts and stops meanwhile
        too_early = len(team.ours(NEW))
        late.write_text(f"{NEW},{OLD}")
        done = ended(process)

    deliveries, others = refused(team)
    assert too_early == 0
    assert done.code == ExitCode.OK, done.err
    assert team.is_as_declared(NEW)
    assert (deliveries > PER_SECOND, others) == (True, [])


def test_a_receiver_killed_is_not_waited_for_for_ever(team: Team, valkey: Server, tmp_path: Path) -> None:
    """One that dies with the old key alone is believed for half a minute, then the rotation goes on."""
    team.run("apply", "--yes")
    late = tmp_path / "late-keys"
    late.write_text(OLD)
    with ReceiverProcess(valkey.url, {"SALESLOFT_CALLBACK_SECRET_FILE": str(late)}):
        pass  # leaving it is a SIGKILL
    team.has_keys(NEW, OLD)
    began = time.monotonic()

    rotated = team.run("rotate", "--yes", "--keep-old", "0s")

    assert rotated.code == ExitCode.OK, rotated.err
    assert team.is_as_declared(NEW)
    assert time.monotonic() - began > 15


def test_without_receivers_no_key_is_made(team: Team, receiver: ReceiverProcess) -> None:
    """Nobody would know when it can be used; the file stays as it is."""
    team.run("apply", "--yes")
    receiver.stop()

    rotated = team.run("rotate", "--yes")

    assert rotated.code == ExitCode.FAILED
    assert team.key_file.read_text().split() == [OLD]


def test_a_rotation_deletes_nothing_else(team: Team) -> None:
    """What the file does not want any more is `apply`'s business, where it is asked for."""
    team.run("apply", "--yes")
    team.declare(*EVENTS[:2])
    team.has_keys(NEW, OLD)

    rotated = team.run("rotate", "--yes")

    assert (rotated.code, "subscriptions apply" in rotated.err) == (ExitCode.FAILED, True)
    assert len(team.ours(OLD)) == len(EVENTS)


def test_a_key_that_signs_elsewhere_stays(team: Team) -> None:
    """Receivers of two addresses read one file: what goes to the other one would be refused. Both are gone together."""
    team.run("apply", "--yes")
    other = team.salesloft.add("call_created", "https://elsewhere.example.com/", token("call_created", OLD))

    rotated = team.run("rotate", "--yes", "--keep-old", "0s")
    new, kept = team.key_file.read_text().strip().split(",")
    team.salesloft.do(lambda platform: platform.subscriptions.delete(other))
    again = team.run("rotate", "--yes", "--keep-old", "0s")

    assert (rotated.code, kept) == (ExitCode.PARTLY, OLD)
    assert f"so they stay: {other} at SalesLoft" in rotated.err
    assert again.code == ExitCode.OK, again.err
    assert team.is_as_declared(new)
    assert team.key_file.read_text().split() == [new]


def test_two_rotations_at_once_are_one(team: Team) -> None:
    """Both are asked for a new key: one is made, both use it, and the old one is taken away once."""
    team.run("apply", "--yes")

    both = [team.start("rotate", "--yes", "--keep-old", "1s") for _ in range(2)]
    done = [ended(process) for process in both]

    (new,) = team.key_file.read_text().split()
    assert [each.code for each in done] == [ExitCode.OK, ExitCode.OK], [each.err for each in done]
    assert new not in ("", OLD)
    assert team.is_as_declared(new)
