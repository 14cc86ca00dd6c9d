"""Which follow-ups a page or a form is about: read from an address or a form, and written into the next one."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode

from salesloft_webhooks.broker.administration.follow_up_filter import FollowUpFilter
from salesloft_webhooks.console.refusals import FormRefused
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.readable_times import parse_moment

FIELDS = ("group", "task", "key", "person", "until")
"""Of an address. `until`: they are due before then. Times that are typed into a field of that name are the reader's."""
LONGEST = 200
"""Characters of a field; no name and no key has more."""


def asked(text: Callable[[str], str], now: float) -> FollowUpFilter:
    """What the fields of an address or a form ask for.

    Args:
        text: Gives the value of each, empty where there is none.
        now: Unix time by the store's clock, from which spans count.

    Raises:
        FormRefused: a value is none of those that there can be.
    """
    said = {name: text(name).strip() for name in FIELDS}
    if wrong := [name for name, value in said.items() if len(value) > LONGEST]:
        raise FormRefused(f"{wrong[0]} has at most {LONGEST} characters")
    if "@" in said["key"]:  # it would be in logs of proxies, and in the audit
        raise FormRefused("a key with an address in it is asked for in a terminal: `follow-ups list --key`")
    person = said["person"]
    if person and not (person.isascii() and person.isdigit()):  # it may be an address, which is not shown again
        raise FormRefused("person is the id of a person, which is a number")
    try:
        before = parse_moment(said["until"], now=datetime.fromtimestamp(now, UTC)) if said["until"] else None
    except ValueError as exc:
        raise FormRefused(str(exc)) from None
    return FollowUpFilter(said["group"], said["task"], said["key"], f"person:{person}" if person else "", before)


def pairs(choice: FollowUpFilter) -> dict[str, str]:
    """The inverse of `asked`: what stands in it, by field."""
    said = {
        "group": choice.group,
        "task": choice.task,
        "key": choice.key,
        "person": choice.entity_key.removeprefix("person:"),
        "until": choice.due_before.isoformat() if choice.due_before else "",
    }
    return {name: value for name, value in said.items() if value}


def address(path: str, choice: FollowUpFilter, **more: str) -> str:
    """A page about these follow-ups."""
    found = pairs(choice) | {name: value for name, value in more.items() if value}
    return f"{path}?{urlencode(found)}" if found else path


def command(verb: str, choice: FollowUpFilter) -> str:
    """The command line about these follow-ups."""
    said = {name: value for name, value in pairs(choice).items() if name != "until"}
    before = choice.due_before.isoformat() if choice.due_before else ""
    return command_line(f"follow-ups {verb}", all=verb != "list", **said, due_before=before)
