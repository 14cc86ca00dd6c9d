"""`send`: sign deliveries as SalesLoft or a relay does, and post them to any address."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.options import AsJson, DialectName, Seed
from salesloft_webhooks.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from salesloft_webhooks.cli.input_events import InputEvent
    from salesloft_webhooks.dialects import Dialect
    from salesloft_webhooks.simulator import Delivery, Mix, Signer

Url = Annotated[str, typer.Argument(metavar="URL", help="Where to; by default the receiver on this machine.")]
EventType = Annotated[str, typer.Option("--event", "-e", help="Only this type: person.updated, email_updated, ...")]
Data = Annotated[str, typer.Option("--data", "-d", metavar="FILE", help="The event's data, JSON; - reads stdin.")]
EventId = Annotated[str, typer.Option(help="The event's id (not in the native dialect); a new one by default.")]
Events = Annotated[
    str,
    typer.Option("--file", "-f", metavar="FILE", help="Events, one JSON object with event_type and data a line."),
]
SourceName = Annotated[str, typer.Option("--source", help="Whose keys and path, where SOURCES_FILE has several.")]
SecretFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Sign with this key (native: the callback token), not those of the settings."),
]
Count = Annotated[int, typer.Option("--count", "-n", min=0, help="How many simulated ones; 0: until Ctrl-C.")]
Rate = Annotated[float | None, typer.Option(min=0.001, help="Deliveries a second; by default as fast as answers come.")]
Duplicates = Annotated[float, typer.Option(min=0, max=1, help="Share of deliveries that repeat a recent one.")]
Forgeries = Annotated[float, typer.Option(min=0, max=1, help="Share of deliveries that must be refused.")]
Concurrency = Annotated[int, typer.Option("--concurrency", "-c", min=1, max=2000, help="Under way at once.")]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")]
Retries = Annotated[int, typer.Option(min=0, help="Repeat what gets no proper answer, 15 s apart; SalesLoft: 3.")]


def send(  # noqa: PLR0913 - each is an option of the command
    url: Url = "",
    *,
    event: EventType = "",
    data: Data = "",
    event_id: EventId = "",
    file: Events = "",
    dialect: DialectName = "",
    source: SourceName = "",
    secret_file: SecretFile = None,
    count: Count = 1,
    rate: Rate = None,
    duplicates: Duplicates = 0.0,
    forgeries: Forgeries = 0.0,
    concurrency: Concurrency = 20,
    seed: Seed = None,
    timeout: Timeout = 15.0,
    retries: Retries = 0,
    as_json: AsJson = False,
) -> None:
    """Sign and post deliveries: simulated ones, or events of your own with --data or --file.

    Without options, one simulated delivery goes to the receiver on this machine.

    Exit codes: 0 all answered as they should be (forgeries with 401), 1 some not, 2 wrong usage, 3 nobody there.
    """
    from salesloft_webhooks.cli.console import show_json
    from salesloft_webhooks.cli.delivery_target import delivery_target
    from salesloft_webhooks.cli.simulator_runs import exit_code, post, show_summary, summary
    from salesloft_webhooks.settings import Settings
    from salesloft_webhooks.simulator import Mix, Posting, Simulator
    from salesloft_webhooks.telemetry import configure_logging

    settings = Settings.load()
    configure_logging(settings, "send")  # or a remark about a key would go to stdout, into the JSON
    address, signer, spoken = delivery_target(settings, url, source, secret_file, dialect)
    if data or file:
        if (count, duplicates, forgeries) != (1, 0, 0):
            raise ConfigurationError("--count, --duplicates and --forgeries are for simulated deliveries")
        written = _signed(signer, spoken, _events(event, event_id, data, file))
        deliveries, total = iter(written), len(written)
    else:
        if event_id:
            raise ConfigurationError("--event-id needs --data")
        mix = Mix((spoken,) if spoken else (), duplicates, forgeries, event)
        deliveries, total = _simulated(signer, mix, seed, rate, count), count
    posting = Posting(rate=rate, concurrency=concurrency, timeout_seconds=timeout, retries=retries)
    tally = post(Simulator(address, deliveries, posting), total or None)
    if as_json:
        show_json(summary(tally))
    else:
        show_summary(tally)
    raise typer.Exit(exit_code(tally))


def _events(event: str, event_id: str, data: str, file: str) -> "list[InputEvent]":
    from salesloft_webhooks.cli.delivery_target import content
    from salesloft_webhooks.cli.input_events import InputEvent, parse_data, parse_events

    if file:
        if event or event_id or data:
            raise ConfigurationError("--file says everything about its events; it goes without --event and --data")
        return parse_events(content(file), file)
    if not event:
        raise ConfigurationError("--data needs --event")
    return [InputEvent(event, parse_data(content(data), data), event_id)]


def _signed(signer: "Signer", dialect: "Dialect | None", events: "list[InputEvent]") -> "list[Delivery]":
    from salesloft_webhooks.cli.input_events import as_deliveries

    return as_deliveries(signer, dialect or signer.dialects[0], events)


def _simulated(signer: "Signer", mix: "Mix", seed: int | None, rate: float | None, count: int) -> "Iterator[Delivery]":
    from salesloft_webhooks.simulator import Traffic

    traffic = Traffic(signer, mix, seed=seed, mean_gap_seconds=1 / (rate or 20.0))
    return islice(traffic, count) if count else traffic
