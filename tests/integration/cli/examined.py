"""The `doctor` with settings of a test's own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from salesloft_webhooks.cli.application import application
from tests.support.servers import Server

TOKEN, SECRET = "api-token-of-the-doctors-tests", "an-envelope-secret-that-is-long-enough"
WORKER = {"WORKER_GROUP": "activity"}


class Doctor:
    """The command, with settings of the test's own."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        self.environment = {
            "REDIS_URL": server.url,
            "SALESLOFT_WEBHOOK_SECRET": SECRET,
            "DATABASE_URL": f"sqlite:///{folder}/events.db",
        }

    def run(self, role: str, *arguments: str, **settings: str | None) -> Result:
        """What it says to people."""
        environment = {**self.environment, **settings}
        return CliRunner().invoke(application("doctor"), ["doctor", "--for", role, *arguments], env=environment)

    def finds(self, role: str, check: str, *arguments: str, **settings: str | None) -> list[tuple[str, str]]:
        """Level and words of all findings of one check; each that is not fine says what to do."""
        result = self.run(role, "--json", *arguments, **settings)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        document: dict[str, Any] = json.loads(result.stdout)
        findings: list[Mapping[str, str]] = document["findings"]
        assert [each for each in findings if each["level"] in {"warning", "problem"} and not each["do"]] == []
        assert result.exit_code == ("problem" in {each["level"] for each in findings})
        assert SECRET not in result.output
        assert TOKEN not in result.output
        return [(each["level"], each["says"]) for each in findings if each["check"] == check]
