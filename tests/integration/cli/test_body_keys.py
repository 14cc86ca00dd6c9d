"""`body-keys`: a key can be made, and it can be seen which ones are in use."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from salesloft_webhooks.broker.body_encryption import BodyKeys
from salesloft_webhooks.cli.application import application
from salesloft_webhooks.cli.exit_codes import ExitCode
from tests.integration.cli.administered import Console
from tests.support.broker_driver import Driven


def made() -> str:
    """What the command makes."""
    result = CliRunner().invoke(application(), ["body-keys", "new"])
    assert result.exit_code == ExitCode.OK, result.output
    return result.stdout


async def one_event(driven: Driven) -> None:
    """Something to encrypt."""
    await driven.publish("e1")


def test_rotating_a_key(console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list says which key has bodies, and names one that was removed too early."""
    file = tmp_path / "body-keys"
    old, new = made(), made()
    file.write_text(old)
    monkeypatch.setenv("BODY_KEY_FILE", str(file))
    console.arrange(one_event)
    file.write_text(new + old)
    new_id, old_id = BodyKeys(file).ids
    assert old_id in old

    assert console.read("body-keys", "list") == {
        "keys": [new_id, old_id],
        "bodies": {new_id: 0, old_id: 1},
        "plain": 0,
        "missing": [],
    }

    file.write_text(new)
    result = console.run("body-keys", "list", "--json")
    assert result.exit_code == ExitCode.FAILED
    assert json.loads(result.stdout)["missing"] == [old_id]
    assert f"nobody can read the bodies of {old_id}" in result.stderr
    assert old_id in console.run("body-keys", "list").output
    shown = console.run("events", "show", "e1", "--data").output
    assert f"encrypted with the key {old_id}" in " ".join(shown.split())
