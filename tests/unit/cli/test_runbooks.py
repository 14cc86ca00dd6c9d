"""The commands in the runbooks are ours: ready to paste, with options that exist."""

import re
import shlex

import pytest
import typer
from typer.core import TyperGroup

from salesloft_webhooks.cli.application import application
from tests.support.rules_and_dashboards import ROOT

BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Each of our command lines in any runbook, once."""
    found = [
        line.strip()
        for page in sorted((ROOT / "docs/runbooks").glob("*.md"))
        for block in BLOCK.findall(page.read_text("utf-8"))
        for line in block.splitlines()
        if line.strip().startswith("salesloft-webhooks ")
    ]
    return sorted(set(found))


@pytest.mark.parametrize("line", commands())
def test_a_command_of_a_runbook_can_be_pasted(line: str) -> None:
    """The command exists, takes these arguments and options, and asks nothing: `kubectl exec` has no terminal."""
    command = typer.main.get_command(application())
    words = shlex.split(line)[1:]

    while isinstance(command, TyperGroup) and not (command.invoke_without_command and words[0].startswith("-")):
        command = command.commands[words.pop(0)]

    context = command.make_context(line, words)

    assert context.params.get("yes", True), "nobody could answer"
