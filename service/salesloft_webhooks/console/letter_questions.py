"""Which dead letters a page or a form is about: read from an address or a form, and written into the next one."""

from collections.abc import Callable
from urllib.parse import urlencode

from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.console.refusals import FormRefused
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.event_patterns import RULE, is_pattern
from salesloft_webhooks.timestamps import parse_timestamp

REASONS = ("exhausted", "permanent", "poison", "no_handler")
FIELDS = ("group", "type", "reason", "error", "person", "since", "until")


def asked(text: Callable[[str], str]) -> DeadLetterFilter:
    """What the fields of an address or a form ask for; ``text`` gives the value of each, empty where there is none.

    Raises:
        FormRefused: a value is none of those that there can be.
    """
    said = {name: text(name).strip() for name in FIELDS}
    if said["type"] and not is_pattern(said["type"]):
        raise FormRefused(f"type: {RULE}")
    if said["reason"] not in {"", *REASONS}:
        raise FormRefused(f"reason is {', '.join(REASONS)}")
    moments = {name: parse_timestamp(said[name]) for name in ("since", "until")}
    for name, moment in moments.items():
        if said[name] and moment is None:
            raise FormRefused(f"{name} is a time like 2026-03-07T09:26:14Z")
    person = said["person"]
    return DeadLetterFilter(
        group=said["group"],
        types=(said["type"],) if said["type"] else (),
        reason=said["reason"],
        error=said["error"],
        entity_key=f"person:{person}" if person.isdigit() else person,
        since=moments["since"],
        until=moments["until"],
    )


def pairs(choice: DeadLetterFilter) -> dict[str, str]:
    """The inverse of `asked`: what stands in it, by field."""
    said = {
        "group": choice.group,
        "type": "".join(choice.types),
        "reason": choice.reason,
        "error": choice.error,
        "person": choice.entity_key.removeprefix("person:"),
        "since": choice.since.isoformat() if choice.since else "",
        "until": choice.until.isoformat() if choice.until else "",
    }
    return {name: value for name, value in said.items() if value}


def address(path: str, choice: DeadLetterFilter, **more: str) -> str:
    """A page about these letters."""
    found = pairs(choice) | {name: value for name, value in more.items() if value}
    return f"{path}?{urlencode(found)}" if found else path


def command(verb: str, choice: DeadLetterFilter) -> str:
    """The command line about these letters."""
    return command_line(f"dead {verb}", all=verb != "list", **pairs(choice))
