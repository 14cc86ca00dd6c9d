"""No secret stands on a command line, where `ps` shows it to everybody on the machine."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from salesloft_webhooks.cli.application import application
from salesloft_webhooks.settings import Settings
from tests.support.documents import Block, blocks

IN_A_FILE = {"--secret-file", "--passwords"}
"""Options about secrets, which name a file."""
WITH_ANOTHER_WAY = {"--database-url": "DATABASE_URL, DATABASE_URL_FILE"}
"""Options that may hold a secret and need not: the variables that may be used instead."""
ON_A_COMMAND_LINE = re.compile(
    r"-hmac |--from-literal=|--password[= ]|-a [^ ]*PASSW|://[^/@ ]*:[^/@ $]+@|\b(SECRET|TOKEN|PASSWORD)=[^ $\"']"
)
INVENTED = {"README.md": "the key of the demo, which `up` has invented and shown already"}


def options(command: Any) -> Iterator[Any]:
    """Every option and argument of every command."""
    yield from command.params
    for child in getattr(command, "commands", {}).values():
        yield from options(child)


def secret_settings() -> set[str]:
    """Settings that are never shown."""
    return {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}


def test_no_option_takes_a_secret() -> None:
    """What sounds like one names a file, or may be given otherwise."""
    root = typer.main.get_command(application())
    words = re.compile(r"secret|token|password|passphrase|api-key|credential")
    found = {name for each in options(root) for name in each.opts if words.search(name)}
    found |= {name for each in options(root) for name in each.opts if each.name in secret_settings()}

    assert found == IN_A_FILE | WITH_ANOTHER_WAY.keys()


def test_every_secret_may_stand_in_a_file() -> None:
    """Each setting that is a secret has a twin that names a file, or its secret part has one."""
    assert {name for name in secret_settings() if f"{name}_file" not in Settings.model_fields} == set()


@pytest.mark.parametrize("block", [each for each in blocks("*", "sh") if each.document not in INVENTED], ids=str)
def test_no_document_puts_one_there(block: Block) -> None:
    """What people paste starts no program with a secret among its words."""
    assert ON_A_COMMAND_LINE.findall(block.text) == []
