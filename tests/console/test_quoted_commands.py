"""Commands that pages show, to be copied into a shell: whoever makes a link must not choose what is run."""

import html
import re

import pytest

from tests.support.console_process import ConsoleProcess


@pytest.mark.parametrize(
    "address",
    [
        "/audit?who={}",
        "/quarantine?reason={}",
        "/dead?group={}",
        "/dead?group=crm&error={}",
        "/dead/tried?group=crm&event={}",
        "/dead/confirm?group={0}&selected=1&letter={0}/0/1-1",
        "/events?source={}",
        "/events?id={}",
        "/replay?group={}",
        "/erase?person={}",
        "/people/{}",
        "/groups/{}",
    ],
)
def test_no_address_puts_a_command_into_the_command(address: str, console: ConsoleProcess) -> None:
    """What a link of a stranger's says is quoted in the command that people copy into their shell."""
    text = html.unescape(console.get(address.format("$(id)")).body.decode())

    commands = re.findall(r"salesloft-webhooks [^<\n]*\$\(id\)[^<\n]*", text)

    assert all("'$(id)" in command for command in commands), commands
