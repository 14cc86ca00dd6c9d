"""The commands in the runbooks are ours: ready to paste, with options that exist."""

import re
import shlex

import pytest
import typer
from typer.core import TyperGroup

from salesloft_webhooks.cli.application import application
from tests.support.rules_and_dashboards import ROOT

BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)

CODE = re.compile(r"`([^`]+)`|^ *((?:kubectl|helm|alias) .*)$", re.MULTILINE)
CONFLICTING = {"annotate", "apply", "autoscale", "edit", "label", "patch", "replace", "scale", "set"}
"""What takes a field away from Helm 4, whose next upgrade would then end with a conflict (docs/operations.md)."""
NOT_OURS = {"curl", "redis-cli", "wget", "psql"}
"""Programs that our image does not have."""
OUTWARD = ("send", "subscriptions", "backfill --since", "backfill resume", "link-swap")
"""Our commands that ask SalesLoft, or somebody's public address."""


def cluster_commands() -> list[tuple[str, str]]:
    """Each command of kubectl and Helm in a runbook, in blocks and in sentences, with its page."""
    return [
        (page.stem, found)
        for page in sorted((ROOT / "docs/runbooks").glob("*.md"))
        for code in CODE.finditer(page.read_text("utf-8"))
        for found in re.findall(r"(?:kubectl|helm) .*", code[1] or code[2])
    ]


@pytest.mark.parametrize(("page", "line"), cluster_commands(), ids=lambda word: str(word)[:60])
def test_a_command_for_the_cluster_works_beside_helm(page: str, line: str) -> None:
    """It says which namespace, takes no field from Helm, and asks our pods for no program that they do not have."""
    words = shlex.split(line.split("|", maxsplit=1)[0].rstrip("' &"))
    program, inside = words[0], words[words.index("--") + 1 :] if "--" in words else []

    if program == "kubectl":
        assert words[1:3] == ["-n", "NAMESPACE"], page
        assert words[3] not in CONFLICTING, page
        assert words[3:5] != ["rollout", "undo"], page
    else:
        assert "--namespace NAMESPACE" in line, page
    assert not NOT_OURS & set(inside), page


def commands() -> list[str]:
    """Each of our command lines in any runbook, once."""
    found = [
        line.strip()
        for page in sorted((ROOT / "docs/runbooks").glob("*.md"))
        for block in BLOCK.findall(page.read_text("utf-8"))
        for line in block.splitlines()
        if line.strip().startswith(("salesloft-webhooks ", "command salesloft-webhooks "))
    ]
    return sorted(set(found))


@pytest.mark.parametrize("line", commands())
def test_what_goes_out_is_not_run_in_a_receivers_pod(line: str) -> None:
    """Where the alias of the runbooks' first page leads, a network policy lets nobody out but to the store."""
    goes_out = line.rsplit(maxsplit=1)[-1].startswith("https://") or any(
        f"salesloft-webhooks {words}" in line for words in OUTWARD
    )

    assert line.startswith("command ") is goes_out


@pytest.mark.parametrize("line", commands())
def test_a_command_of_a_runbook_can_be_pasted(line: str) -> None:
    """The command exists, takes these arguments and options, and asks nothing: `kubectl exec` has no terminal."""
    command = typer.main.get_command(application())
    words = shlex.split(line.removeprefix("command "))[1:]

    while isinstance(command, TyperGroup) and not (command.invoke_without_command and words[0].startswith("-")):
        command = command.commands[words.pop(0)]

    context = command.make_context(line, words)

    assert context.params.get("yes", True), "nobody could answer"
