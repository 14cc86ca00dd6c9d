"""The folder of commands reads like the help: a module each, in the place that its name says."""

from keyword import iskeyword
from pathlib import Path
from typing import Any

import typer.main

from salesloft_webhooks.cli import commands
from salesloft_webhooks.cli.application import application

FOLDER = Path(commands.__file__).parent


def modules(folder: Path) -> set[str]:
    """Names of the modules and packages in a folder."""
    return {path.stem for path in folder.iterdir() if not path.stem.startswith("_")}


NAMED_OTHERWISE = {"attempts": "past_attempts", "limit": "limiting"}
"""`worker/attempt.py` and `limits.py` are there already, and no two modules of the package differ by an ending only."""


def module(command: str) -> str:
    """How Python can name what a command is called."""
    if command in NAMED_OTHERWISE:
        return NAMED_OTHERWISE[command]
    return f"{command}_" if iskeyword(command) else command.replace("-", "_")


def test_every_command_has_its_module_and_every_module_is_a_command() -> None:
    """Nothing but commands stands in `cli/commands`, and none is left without being registered."""
    root: Any = typer.main.get_command(application())

    assert modules(FOLDER) == set(map(module, root.commands))


def test_every_command_of_a_family_has_its_module() -> None:
    """`dead redrive` is in `dead/redrive.py`; what a family's commands share may stand beside them."""
    root: Any = typer.main.get_command(application())
    families = {name: set(command.commands) for name, command in root.commands.items() if hasattr(command, "commands")}

    missing = {
        name: names
        for name, wanted in families.items()
        if (names := set(map(module, wanted)) - modules(FOLDER / module(name)))
    }

    assert families
    assert missing == {}
