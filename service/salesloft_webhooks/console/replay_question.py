"""Which replay a page or a form is about: read from an address or a form, and written into the next one."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from salesloft_webhooks.broker.administration.replay import Selection
from salesloft_webhooks.console.refusals import FormRefused
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.event_patterns import RULE, is_pattern
from salesloft_webhooks.readable_times import parse_moment

FIELDS = ("group", "type", "source", "person", "since", "until")
MOST_NAMED = 500
"""Events that are named one by one: a page of events has fewer rows, and each is looked up."""


class ReplayQuestion(Struct, frozen=True):
    """What is asked for, as it was written.

    Attributes:
        group: Into which group; empty: that is not said yet.
        type: Event patterns, with commas or blanks.
        source: From this source only.
        person: About the person with this id only.
        since: When the part of history begins; empty: at its beginning.
        until: When it ends; empty: now.
        event_ids: These events only.
    """

    group: str = ""
    type: str = ""
    source: str = ""
    person: str = ""
    since: str = ""
    until: str = ""
    event_ids: tuple[str, ...] = ()

    @property
    def types(self) -> list[str]:
        """The patterns one by one."""
        return [each for each in re.split(r"[,\s]+", self.type) if each]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What a form posts to ask the same."""
        named = [("selected", "1"), *(("id", each) for each in self.event_ids)] if self.event_ids else []
        return [*((name, getattr(self, name)) for name in FIELDS), *named]

    def selection(self, now: float) -> Selection:
        """What is meant; its end is fixed, so that what arrives while somebody thinks about it changes nothing.

        Raises:
            FormRefused: that is nothing.
        """
        if wrong := [each for each in self.types if not is_pattern(each)]:
            raise FormRefused(f"{wrong[0]!r} is no event pattern: {RULE}")
        moment = datetime.fromtimestamp(now, UTC)
        try:
            first = parse_moment(self.since, now=moment) if self.since else None
            last = parse_moment(self.until, now=moment) if self.until else moment
            found = Selection(
                first, last, tuple(self.types), frozenset(self.event_ids), source=self.source, person=self.person
            )
        except ValueError as exc:
            raise FormRefused(str(exc)) from exc
        if first and last < first:
            raise FormRefused("it ends before it begins")
        return found

    def fixed(self, selection: Selection) -> "ReplayQuestion":
        """The same with the times that its selection has."""
        since, until = (each.isoformat() if each else "" for each in (selection.since, selection.until))
        return replace(self, since=since, until=until)

    def command(self, digest: str) -> str:
        """The command that does the same and nothing else; without a digest, one that says what it would do."""
        return command_line(
            "replay",
            self.group or "GROUP",
            type=self.types,
            id=self.event_ids,
            source=self.source,
            person=self.person,
            since=self.since,
            until=self.until,
            expect=digest,
            dry_run=not digest,
        )


def read_replay_question(text: Callable[[str], str], listed: Callable[[str], Sequence[str]]) -> ReplayQuestion:
    """The question of an address or a form; ``text`` gives the value of a field, empty without one, ``listed`` all.

    Raises:
        FormRefused: events were to be selected, and none was, which must not mean all; or too many were.
    """
    event_ids = tuple(dict.fromkeys(each.strip() for each in listed("id") if each.strip()))
    if text("selected") and not event_ids:
        raise FormRefused("no event is selected")
    if len(event_ids) > MOST_NAMED:
        raise FormRefused(f"at most {MOST_NAMED} events are selected one by one")
    group, types, source, person, since, until = (text(name).strip() for name in FIELDS)
    return ReplayQuestion(group, types, source, person, since, until, event_ids)
