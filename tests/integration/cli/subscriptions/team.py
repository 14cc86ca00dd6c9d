"""A team at SalesLoft, receivers, and the command on them."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salesloft_webhooks.dialects.native import derive_token
from tests.support.platform_thread import PlatformThread, Record
from tests.support.receiver_process import PATH, ReceiverProcess
from tests.support.servers import Server

API_TOKEN = "ak-an-invented-api-token"
OLD, NEW = "old-master-key-for-tests", "new-master-key-for-tests"
EVENTS = ("call_created", "note_created", "person_created", "person_updated")
FAST = """
import importlib
plan = importlib.import_module("salesloft_webhooks.subscriptions.plan")
plan.DRAIN_SECONDS, plan.SECOND_LOOK_SECONDS = 1.5, 0.5
importlib.import_module("salesloft_webhooks.subscriptions.reconciliation").FIRST_BACKOFF_SECONDS = 0.3
from salesloft_webhooks.cli import main
main()
"""
"""The command, with its waits made short: two minutes of draining, seconds between two looks."""


@dataclass
class Ended:
    """A command that has ended.

    Attributes:
        code: Its exit code; below 0: the signal that ended it.
        out: What it has written to stdout.
        err: And to stderr.
    """

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON it has written."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass
class Team:
    """What the command works on.

    Attributes:
        salesloft: The simulated SalesLoft.
        store: The store.
        folder: Where the file and the keys are.
        url: Where deliveries go, as it is declared.
        events: What is declared.
    """

    salesloft: PlatformThread
    store: Server
    folder: Path
    url: str
    events: tuple[str, ...] = EVENTS

    @property
    def key_file(self) -> Path:
        """The receivers' keys."""
        return self.folder / "keys"

    def declare(self, *events: str, **fields: object) -> None:
        """Write the file."""
        self.events = events
        spec = {"callbackUrl": self.url, "events": list(events), **fields}
        (self.folder / "subscriptions.yaml").write_text(json.dumps({"kind": "SalesloftSubscription", "spec": spec}))

    def has_keys(self, *keys: str) -> None:
        """Write the key file, newest first."""
        self.key_file.write_text(",".join(keys) + "\n")

    def add(self, event: str, key: str, *, enabled: bool = True) -> int:
        """Somebody registers one of ours by hand; its id."""
        return self.salesloft.add(event, self.url, token(event, key), enabled=enabled)

    def add_foreign(self, event: str) -> int:
        """Somebody registers one at our address, with a token of their own."""
        return self.salesloft.add(event, self.url, "somebody's token")

    def start(self, *arguments: str, stdin: int = subprocess.DEVNULL, **settings: str) -> subprocess.Popen[str]:
        """Start the command."""
        environment = {
            "REDIS_URL": self.store.url,
            "SALESLOFT_API_URL": self.salesloft.platform.url,
            "SALESLOFT_API_TOKEN": API_TOKEN,
            "SALESLOFT_CALLBACK_SECRET_FILE": str(self.key_file),
            **settings,
        }
        return subprocess.Popen(
            [sys.executable, "-c", FAST, "subscriptions", *arguments],
            cwd=self.folder,
            env=os.environ | environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **settings: str) -> Ended:
        """Run the command to its end."""
        return ended(self.start(*arguments, stdin=subprocess.DEVNULL, **settings))

    def ours(self, *keys: str) -> list[Record]:
        """Subscriptions at our address that one of the keys gives the token for."""
        tokens = {(event, token(event, key)) for event in self.known_events() for key in keys}
        return [
            each
            for each in self.salesloft.subscriptions()
            if each["callback_url"] == self.url and (each["event_type"], each["callback_token"]) in tokens
        ]

    def known_events(self) -> set[str]:
        """Every event type that anything is there for."""
        return {each["event_type"] for each in self.salesloft.subscriptions()}

    def is_as_declared(self, key: str) -> bool:
        """Whether each event that is declared is there once, enabled, with the key's token, and nothing else."""
        ours = self.ours(OLD, NEW, key)
        found = sorted((each["event_type"], each["callback_token"], each["enabled"]) for each in ours)
        return found == sorted((event, token(event, key), True) for event in self.events)


def address(receiver: ReceiverProcess) -> str:
    """Where a receiver takes deliveries."""
    return f"http://127.0.0.1:{receiver.port}{PATH}"


def token(event: str, key: str) -> str:
    """The callback token of an event type under a master key."""
    return derive_token(key.encode(), event).decode()


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for the end of a command."""
    out, err = process.communicate(timeout=100)
    return Ended(process.returncode, out, err)


def killed(process: subprocess.Popen[str]) -> None:
    """End a command as the kernel does."""
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
