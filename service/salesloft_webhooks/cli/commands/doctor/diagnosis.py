"""What an examination finds."""

from enum import StrEnum

from msgspec import Struct


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    """As it should be."""
    SKIPPED = "skipped"
    """Not configured, so there is nothing to look at."""
    WARNING = "warning"
    """It works, and will not always."""
    PROBLEM = "problem"
    """It does not work."""


class Finding(Struct, frozen=True):
    """One thing that was looked at.

    Attributes:
        check: What, in two words: ``store.durability``.
        level: How bad it is.
        says: What was found, in one line, without any secret.
        do: What to do about it; empty where there is nothing to be done.
    """

    check: str
    level: Level
    says: str
    do: str = ""


def fine(check: str, says: str) -> Finding:
    """As it should be."""
    return Finding(check, Level.OK, says)


def skipped(check: str, says: str) -> Finding:
    """Nothing to look at."""
    return Finding(check, Level.SKIPPED, says)


def warning(check: str, says: str, do: str) -> Finding:
    """It works, and will not always."""
    return Finding(check, Level.WARNING, says, do)


def problem(check: str, says: object, do: str) -> Finding:
    """It does not work; of an error, its words."""
    return Finding(check, Level.PROBLEM, " ".join(str(says).split()), do)
