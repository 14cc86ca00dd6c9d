"""The command on a terminal: what it asks, and what Ctrl-C leaves."""

import os
import pty
import signal

import pytest

from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.simulator.platform import Fault
from tests.integration.cli.subscriptions.team import EVENTS, OLD, Team, ended
from tests.support.waiting import wait_until


@pytest.mark.parametrize(("answer", "there"), [("n", 0), ("y", len(EVENTS))])
def test_an_answer_decides(team: Team, answer: str, there: int) -> None:
    """What would be done is shown first; no is no, and yes is all of what was shown."""
    terminal, its_end = pty.openpty()
    process = team.start("apply", stdin=its_end)
    os.close(its_end)
    try:
        os.write(terminal, f"{answer}\n".encode())
        done = ended(process)
    finally:
        os.close(terminal)

    assert done.code == (ExitCode.OK if there else ExitCode.FAILED), done.err
    assert [done.out.count(event) for event in EVENTS] == [1] * len(EVENTS)
    assert len(team.ours(OLD)) == there


def test_ctrl_c_says_what_was_done(team: Team) -> None:
    """Between two steps or within one, the command ends at once, and says that it can be run again."""
    team.salesloft.do(lambda platform: platform.faults.order(Fault.HANG, method="PUT"))
    team.add("note_created", OLD, enabled=False)
    process = team.start("apply", "--yes")
    wait_until(lambda: not team.salesloft.do(lambda platform: platform.faults.left), description="a request hangs")

    process.send_signal(signal.SIGINT)
    done = ended(process)

    assert done.code == ExitCode.INTERRUPTED, done.err
    assert "run it again" in done.err
    assert "Traceback" not in done.err
