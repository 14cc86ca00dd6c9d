"""Which history of writes a server has: the primary's replication id, by which one is told from every other."""

from typing import Any

from msgspec import Struct

from salesloft_webhooks.broker.connection.line import Line

REPLICATION = ("INFO", "replication")


class Written(Struct, frozen=True):
    """What came of a script, and where it ran.

    Attributes:
        result: The script's.
        history: Which history of writes it wrote to: the primary's replication id. Empty: the server does not tell, or
            is no primary any more.
        line: The connection it went by.
    """

    result: Any
    history: str
    line: Line


def history_in(about: bytes | str) -> str:
    """The replication id in what INFO says of replication; empty where there is none, and on a replica."""
    text = about.decode() if isinstance(about, bytes) else about
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return fields.get("master_replid", "") if fields.get("role") == "master" else ""
