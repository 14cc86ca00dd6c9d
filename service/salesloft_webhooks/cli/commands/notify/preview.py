"""`notify preview`."""

from datetime import UTC, datetime
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Annotated, Any

import typer

from salesloft_webhooks.cli.console import note, show, show_json
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesloft_webhooks.events import Event
    from salesloft_webhooks.handlers.builtin.configuration import NotifyConfiguration
    from salesloft_webhooks.handlers.builtin.notify.channels import Channel


class Shape(StrEnum):
    """What a message can look like."""

    SLACK = "slack"
    TEAMS = "teams"
    TEXT = "text"


def preview(
    *,
    event: Annotated[str, typer.Option("--event", metavar="EVENT", help="A stored event, by its id.")] = "",
    dead: Annotated[str, typer.Option("--dead", metavar="LETTER", help="A dead letter, or its event's id.")] = "",
    file: Annotated[str, typer.Option("--file", "-f", metavar="FILE", help="Events in JSON; - reads stdin.")] = "",
    shape: Annotated[
        list[Shape] | None, typer.Option("--as", help="As what; repeatable. Default: as what its rep has.")
    ] = None,
    together: Annotated[bool, typer.Option("--together", help="All in one message, as in a digest.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the messages that HANDLERS_FILE makes, of invented events or of one that was stored. Nothing is sent.

    With --json: what is posted, for Slack's Block Kit Builder or the designer of Adaptive Cards.

    Exit codes: 0 shown, 1 no message is for that event, 2 wrong usage or setting.
    """
    from salesloft_webhooks.handlers.builtin.configuration import load_configuration
    from salesloft_webhooks.handlers.builtin.notify.recipients import RecipientDirectory
    from salesloft_webhooks.handlers.builtin.notify.templates import template_for
    from salesloft_webhooks.settings import Settings

    if len([each for each in (event, dead, file) if each]) > 1:
        raise typer.BadParameter("--event, --dead and --file: one of them only")
    settings = Settings.load()
    configuration = load_configuration(settings).notify
    recipients = RecipientDirectory(configuration, settings.notify_urls)
    found = _recorded(event, dead, file) or _invented(configuration)
    found = [each for each in found if template_for(each.event_type, configuration.messages)]
    if not found:
        fail("no message is for that event: `messages` in HANDLERS_FILE name event patterns")
    messages = [(events, recipients.known(events[0].user_id)) for events in ([found] if together else zip(found))]
    rows = [
        _row(configuration, events, recipient.name, channel)
        for events, recipient in messages
        for channel in _channels(shape, recipient.channels)
    ]
    if as_json:
        show_json(rows)
        return
    for row in rows:
        _show(row)
    if configuration.knows_by_email:
        note("reps that are known by their e-mail address are looked for when an event comes, not here")


def _row(
    configuration: "NotifyConfiguration", events: "Sequence[Event]", recipient: str, channel: "Channel"
) -> dict[str, Any]:
    from salesloft_webhooks.handlers.builtin.notify.notifier import cards_of

    cards = cards_of(configuration, events, channel)
    return {
        "events": [each.event_id for each in events],
        "recipient": recipient,
        "service": channel.scheme,
        "text": "\n\n".join(f"{card.title}\n{card.as_text()}" for card in cards),
        "payload": channel.payload(cards),
    }


def _show(row: dict[str, Any]) -> None:
    show(f"{', '.join(row['events'])} for {row['recipient']}, {row['service']}:")
    for line in row["text"].splitlines():
        show(f"  {line}")


def _channels(shapes: "Sequence[Shape] | None", configured: "Sequence[Channel]") -> "list[Channel]":
    """One of each kind: what is asked for, else what the rep has, else one of every kind there is."""
    from salesloft_webhooks.handlers.builtin.notify.channels import AppriseChannel, CardChannel

    if not shapes and configured:
        return list({each.scheme: each for each in configured}.values())
    return [
        AppriseChannel("json://localhost") if each is Shape.TEXT else CardChannel("https://localhost", each)
        for each in shapes or (Shape.SLACK, Shape.TEAMS, Shape.TEXT)
    ]


def _recorded(event: str, dead: str, file: str) -> "list[Event]":
    from salesloft_webhooks.cli import recorded_events
    from salesloft_webhooks.handlers.builtin_groups import NOTIFY

    if event:
        return [recorded_events.stored_event(event, NOTIFY.name)]
    if dead:
        return [recorded_events.dead_letter(dead, NOTIFY.name)]
    return recorded_events.written_events(file, NOTIFY.name) if file else []


def _invented(configuration: "NotifyConfiguration") -> "list[Event]":
    """An event for each message, where the simulator has one: always the same."""
    from salesloft_webhooks.cli.recorded_events import event_from
    from salesloft_webhooks.event_patterns import matches
    from salesloft_webhooks.handlers.builtin_groups import NOTIFY
    from salesloft_webhooks.simulator.sales_team import EVENT_TYPES, SalesTeam

    team = SalesTeam(Random(7), datetime(2026, 3, 7, 9, tzinfo=UTC), mean_gap_seconds=60)  # noqa: S311 - invented people
    found = []
    for pattern in configuration.messages:
        if (event_type := next((each for each in sorted(EVENT_TYPES) if matches(each, (pattern,))), None)) is None:
            note(f"{pattern}: no such event is simulated; show it one with --file")
            continue
        change = team.next_of(event_type)
        found.append(event_from({"event_type": change.event_type, "data": dict(change.resource)}, NOTIFY.name))
    return found
