"""What a worker and the processes of its handlers say to each other: messages that begin with their length."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from salesloft_webhooks.events import Event
from salesloft_webhooks.settings import Settings

LENGTH = struct.Struct("!Q")
Call = Event | Sequence[Event]
"""What a handler is called with."""


@dataclass(frozen=True)
class Start:
    """The first message: where Python finds modules, which function it is, and the worker's settings."""

    path: tuple[str, ...]
    module: str
    name: str
    settings: Settings


@dataclass(frozen=True)
class Answer:
    """What a call came to: ``error``, or else ``returned``."""

    returned: object = None
    error: BaseException | None = None

    def result(self) -> object:
        """What it returned; raises what it raised."""
        if self.error is not None:
            raise self.error
        return self.returned


class UntransferableResult(Exception):
    """What the handler returned or raised cannot be handed from one process to another; says what it was."""
