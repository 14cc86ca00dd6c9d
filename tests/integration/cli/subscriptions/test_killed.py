"""SIGKILL of the command between any two steps, and another one after it."""

import subprocess
from collections.abc import Callable

import pytest

from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.simulator.platform import Fault, SimulatedPlatform
from tests.integration.cli.subscriptions.team import NEW, OLD, Team, ended, killed
from tests.support.waiting import wait_until

DECLARED = ("call_created", "meeting_booked", "note_created", "person_created")
STEPS = ("POST", "POST", "PUT", "DELETE")
"""Two are missing, one is disabled, one is not wanted: so many steps, of these methods."""


class Writes:
    """Counts changes at SalesLoft while they happen."""

    def __init__(self, team: Team) -> None:
        self._team = team
        self.count = 0
        team.salesloft.do(self._watch)

    def _watch(self, platform: SimulatedPlatform) -> None:
        subscriptions = platform.subscriptions
        for name in ("create", "update", "delete"):
            setattr(subscriptions, name, self._counted(getattr(subscriptions, name)))

    def _counted(self, change: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object) -> object:
            self.count += 1
            return change(*arguments)

        return counted

    def reach(self, count: int, process: subprocess.Popen[str]) -> None:
        """Wait until there were so many, or the command has ended."""
        wait_until(
            lambda: self.count >= count or process.poll() is not None, seconds=30, description=f"{count} changes"
        )


def arranged(team: Team) -> set[str]:
    """What the steps are about; the events that are delivered."""
    team.declare(*DECLARED)
    team.add("call_created", OLD)
    team.add("note_created", OLD, enabled=False)
    team.add("task_created", OLD)
    return delivered(team)


def delivered(team: Team) -> set[str]:
    """Events of which deliveries are sent with a token that the receiver accepts."""
    return {each["event_type"] for each in team.ours(OLD, NEW) if each["enabled"]} & set(team.events)


@pytest.mark.parametrize("answer", ["answered", "answer lost"])
@pytest.mark.parametrize("steps", range(1, len(STEPS) + 1))
def test_another_apply_finishes_what_one_began(team: Team, steps: int, answer: str) -> None:
    """After any step, its answer read or not: nothing twice, nothing missing, nothing that was delivered ends."""
    before = arranged(team)
    writes = Writes(team)
    process = team.start("apply", "--yes", "--allow-deletes")
    writes.reach(steps - 1, process)
    if answer == "answer lost":
        order = STEPS[steps - 1]
        team.salesloft.do(lambda platform: platform.faults.order(Fault.TRICKLE, method=order))

    writes.reach(steps, process)
    killed(process)

    assert writes.count >= steps
    assert before <= delivered(team)
    team.salesloft.do(lambda platform: platform.faults._orders.clear())
    again = team.run("apply", "--yes", "--allow-deletes")
    assert again.code == ExitCode.OK, again.err
    assert team.is_as_declared(OLD)
    assert writes.count == len(STEPS)


def test_a_rotation_is_finished_by_another(team: Team) -> None:
    """Killed after every single change, a rotation comes to its end; at no time is an event not delivered."""
    team.run("apply", "--yes")
    team.has_keys(NEW, OLD)
    writes, kills = Writes(team), 0
    while True:
        count = writes.count
        process = team.start("rotate", "--yes", "--keep-old", "0s")
        writes.reach(count + 1, process)
        if process.poll() is not None:
            break
        killed(process)
        kills += 1
        assert delivered(team) == set(team.events)
    last = ended(process)

    assert last.code == ExitCode.OK, last.err
    assert kills > len(team.events)
    assert team.is_as_declared(NEW)
    assert team.key_file.read_text().split() == [NEW]
