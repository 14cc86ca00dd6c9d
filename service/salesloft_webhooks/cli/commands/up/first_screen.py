"""The first screen of `up`: where everything is, and what to try from another terminal."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.text import Text

from salesloft_webhooks.cli.commands.up.plan import Plan

TRY = (
    ("send", "one signed delivery; finds address and secret by itself"),
    ("status --watch", "what every group still has to do"),
    ("events tail", "events as they come in; `events show ID` says what became of one"),
    ("dead list", "what was given up on; `dead redrive --all` tries it again"),
)
CURL = """\
set -a; . {env}; set +a
body='{{"event_type":"person.updated","event_id":"'$RANDOM'","created_at":"2026-03-07T04:26:14Z","data":{{"id":7}}}}'
now=$(date +%s)
mac=$(printf %s "$now.$body" | openssl dgst -sha256 -hmac "$SALESLOFT_WEBHOOK_SECRET" -r | cut -d' ' -f1)
curl -i "$WEBHOOK_URL" -H "X-Salesloft-Timestamp: $now" -H "X-Salesloft-Signature: $mac" --data-binary "$body"
"""


def startup_notes(plan: Plan) -> Iterator[str]:
    """What somebody who knows the settings should know about this run."""
    folder, demo = plan.options.folder, plan.options.demo
    if os.environ.get("REDIS_URL"):
        yield "REDIS_URL is not used: `up` brings a server of its own"
    if demo:
        folder.demo_mark.touch()
    elif folder.demo_mark.exists():
        yield f"{folder.path} holds the invented data of a demo; --data-dir starts on a clean one"


def first_screen(plan: Plan, seconds: float) -> Text:
    """The first screen; no secret is on it."""
    folder = plan.options.folder
    shown = os.path.relpath(folder.path)
    text = Text()
    text.append(f"salesloft-webhooks is ready after {seconds:.1f} s\n\n", style="bold green")
    for name, value in _places(plan):
        text.append(f"  {name:<12}", style="bold")
        text.append(f"{value}\n")
    text.append("\nIn another terminal, in this folder:\n\n")
    program = _program()
    for arguments, meaning in _tries(plan):
        text.append(f"  {f'{program} {arguments}':<{len(program) + 17}} ", style="cyan")
        text.append(f"{meaning}\n", style="dim")
    text.append("\nOr sign a delivery yourself, with curl:\n\n")
    for line in CURL.format(env=f"{shown}/env").splitlines():
        text.append(f"  {line}\n", style="cyan")
    return text


def _tries(plan: Plan) -> Iterator[tuple[str, str]]:
    yield from TRY
    if plan.options.demo:
        declared = os.path.relpath(plan.options.folder.subscriptions)
        yield f"subscriptions plan -f {declared}", "what SalesLoft sends us, held against what is declared"


def _program() -> str:
    """How to call this program from the folder `up` was started in: `make run` puts nothing on the PATH."""
    name = "salesloft-webhooks"
    if shutil.which(name):
        return name
    script = Path(sys.executable).with_name(name)
    return os.path.relpath(script) if script.exists() else f"{sys.executable} -m salesloft_webhooks"


def _places(plan: Plan) -> Iterator[tuple[str, str]]:
    folder = plan.options.folder
    yield "deliveries", f"POST {plan.url}"
    if plan.console_url:
        yield "console", f"{plan.console_url}/: what happened to each event, in a browser"
    yield "metrics", f"{plan.operations['receiver']}/metrics, and one port a worker"
    yield "database", str(folder.database) if plan.owns_database else "where DATABASE_URL says"
    yield "logs", str(folder.logs)
    if plan.options.demo:
        yield "SalesLoft", f"{plan.salesloft['SALESLOFT_API_URL']}, simulated; knows us as {plan.callback_url}"
        yield "subscribed", f"as {folder.subscriptions} declares"
        yield "its side", f"{plan.control}/account: what became of each change there"
        rate = f"{plan.options.rate:g} changes per second there"
        yield "demo", f"{rate}; the group `flaky` fails on purpose, to show retries"
