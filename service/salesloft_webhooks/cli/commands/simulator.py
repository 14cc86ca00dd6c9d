"""`simulator`: a SalesLoft that is not there, for demos and tests of whatever asks it or is called by it."""

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.console import note
from salesloft_webhooks.cli.options import AsJson, Seed
from salesloft_webhooks.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pydantic import SecretStr

    from salesloft_webhooks.settings import Settings
    from salesloft_webhooks.simulator.platform import SimulatedPlatform

COLUMNS = ("changes", "reached", "lost", "unsubscribed", "dropped", "under_way", "delivered", "given_up")

Host = Annotated[str, typer.Option(envvar="HOST", help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="SalesLoft's API; 0: any free port.")]
ControlPort = Annotated[
    int, typer.Option(min=0, max=65_535, help="Account, faults, load: for tests; 0: any free port.")
]
Rate = Annotated[float, typer.Option(min=0, help="Changes a second at the invented team.")]
RetrySeconds = Annotated[float, typer.Option(min=0, help="Between the attempts of a delivery; SalesLoft: 15.")]
AttemptSeconds = Annotated[float, typer.Option(min=0.01, help="How long an attempt may take.")]
PerMinute = Annotated[int, typer.Option(min=1, help="Units of the rate limit; SalesLoft: 600.")]
RetryAfter = Annotated[
    bool, typer.Option("--retry-after", help="Let a 429 say how long to wait; SalesLoft's does not.")
]
Duplicates = Annotated[float, typer.Option(min=0, max=1, help="Share of deliveries that come again although taken.")]
Forgeries = Annotated[float, typer.Option(min=0, max=1, help="Share of deliveries that somebody forges besides.")]
ConnectTo = Annotated[
    list[str] | None,
    typer.Option(
        metavar="HOST=URL", help="Where deliveries to a host go instead, such as hooks.example.com=http://..."
    ),
]
KeptRecords = Annotated[int, typer.Option(min=1, help="Records that a list has at most.")]


def simulator(  # noqa: PLR0913 - each is an option of the command
    *,
    host: Host = "127.0.0.1",
    port: Port = 8010,
    control_port: ControlPort = 8011,
    rate: Rate = 20.0,
    seed: Seed = None,
    retry_seconds: RetrySeconds = 15.0,
    attempt_seconds: AttemptSeconds = 10.0,
    per_minute: PerMinute = 600,
    retry_after: RetryAfter = False,
    duplicates: Duplicates = 0.0,
    forgeries: Forgeries = 0.0,
    connect_to: ConnectTo = None,
    kept_records: KeptRecords = 20_000,
    as_json: AsJson = False,
) -> None:
    """Be a SalesLoft that is not there: its API, what happens at its team, and deliveries to whoever subscribes.

    It lets in whoever has SALESLOFT_API_TOKEN, or SALESLOFT_CLIENT_ID and its secret (or the `_FILE` of either), and
    sends nothing until something is registered. What became of it all is shown at its end.
    """
    import uvloop

    from salesloft_webhooks.settings import Settings
    from salesloft_webhooks.simulator.platform import Behaviour, SimulatedPlatform

    behaviour = Behaviour(
        retry_seconds=retry_seconds,
        attempt_seconds=attempt_seconds,
        per_minute=per_minute,
        retry_after=retry_after,
        duplicates=duplicates,
        forgeries=forgeries,
        connect_to=dict(_pairs(connect_to or ())),
        kept_records=kept_records,
    )
    platform = SimulatedPlatform(behaviour, host=host, port=port, control_port=control_port, seed=seed)
    _let_in(platform, Settings.load())
    uvloop.run(_run(platform, rate))
    _show(platform, as_json=as_json)


async def _run(platform: "SimulatedPlatform", rate: float) -> None:
    from salesloft_webhooks.background import run_until

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with platform:
        platform.load.rate = rate
        note(f"SalesLoft's API: {platform.url} (SALESLOFT_API_URL), {platform.token_url} (SALESLOFT_TOKEN_URL)")
        note(f"control: {platform.control_url}")
        await run_until(stop, platform.failure())


def _let_in(platform: "SimulatedPlatform", settings: "Settings") -> None:
    token = _secret("SALESLOFT_API_TOKEN", settings.salesloft_api_token, settings.salesloft_api_token_file)
    secret = _secret("SALESLOFT_CLIENT_SECRET", settings.salesloft_client_secret, settings.salesloft_client_secret_file)
    if token:
        platform.access.allow(token)
    if settings.salesloft_client_id and secret:
        platform.access.register(settings.salesloft_client_id, secret)
    elif not token:
        raise ConfigurationError("SALESLOFT_API_TOKEN or SALESLOFT_CLIENT_ID and its secret: whom is it to let in?")


def _secret(setting: str, value: "SecretStr | None", file: "Path | None") -> str:
    from salesloft_webhooks.secret_file import SecretFile

    if value is not None:
        return value.get_secret_value()
    return SecretFile(f"{setting}_FILE", file).value if file else ""


def _pairs(words: "Iterable[str]") -> "Iterable[tuple[str, str]]":
    for word in words:
        host, sign, url = word.partition("=")
        if not sign or not host or not url.startswith(("http://", "https://")):
            raise ConfigurationError(f"--connect-to {word!r} is no HOST=URL")
        yield host, url


def _show(platform: "SimulatedPlatform", *, as_json: bool) -> None:
    from salesloft_webhooks.cli.console import show_json
    from salesloft_webhooks.cli.tables import show_table

    whole = platform.summary()
    if as_json:
        show_json(whole)
        return
    columns = ("EVENT", *(name.upper().replace("_", " ") for name in COLUMNS))
    rows = [(name, *(each[column] for column in COLUMNS)) for name, each in whole["events"].items()]
    show_table(columns, [*rows, ("all", *(whole[column] for column in COLUMNS))], numbers=columns[1:])
    refusals = [(each["event"], each["status"] or "none", each["answer"], each["count"]) for each in whole["refusals"]]
    if refusals:
        show_table(("REFUSED", "STATUS", "ANSWER", "COUNT"), refusals, numbers=("COUNT",), cut=("ANSWER",))
