"""A role is ready at once because it has loaded what it works with, and nothing it merely could work with."""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.backfill_process import TOKEN, silent_salesloft
from tests.support.receiver_process import SECRET
from tests.support.servers import Server, free_port
from tests.support.waiting import wait_until

PROGRAM = """
import sys
from salesloft_webhooks.cli import main
try:
    main()
finally:
    print(*sys.modules)
"""

NEVER = {"rich", "pygments", "opentelemetry", "grpc", "requests", "aiohttp", "yaml", "sqlite3", "attr", "typer"}
"""Other commands' tables, tracing that is off, the simulator's client, files that are not there, options not given."""
SQL = {"sqlalchemy", "alembic", "greenlet", "aiosqlite"}
HTTP = {"httpx2", "httpcore2"}
HANDLERS = """
import opentelemetry.trace, rich.console
from salesloft_webhooks import Router

router = Router()

@router.on("person.updated")
async def handle(event): ...
"""


def ready(port: int) -> bool:
    """Whether the role with that operations port says so."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def loaded(store: Server, folder: Path, *arguments: str, group: str = "", salesloft: str = "") -> set[str]:
    """The modules of a role that was started with little more than its defaults, became ready and was stopped."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "COVERAGE_"))}
    settings = {
        "HOST": "127.0.0.1",
        "PORT": "0",
        "OPS_PORT": str(port),
        "REDIS_URL": store.url,
        "SALESLOFT_WEBHOOK_SECRET": SECRET,
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/handled.db",
        "SHUTDOWN_DELAY_SECONDS": "0",
        "LOG_LEVEL": "error",
        "WORKER_GROUP": group,
    }
    if salesloft:
        settings |= {"SALESLOFT_API_URL": salesloft, "SALESLOFT_API_TOKEN": TOKEN}
    command = [sys.executable, "-c", PROGRAM, *arguments]
    with subprocess.Popen(command, env=kept | settings, cwd=folder, stdout=subprocess.PIPE, text=True) as role:
        try:
            wait_until(lambda: ready(port), seconds=30, description="the role is ready")
        finally:
            role.terminate()
        return set(role.communicate()[0].split())


@pytest.mark.parametrize(
    ("role", "group", "unneeded"),
    [
        pytest.param("receiver", "", NEVER | SQL | HTTP | {"apprise"}, id="receiver"),
        pytest.param("worker", "activity", (NEVER - {"sqlite3"}) | HTTP | {"apprise"}, id="activity"),
        pytest.param("worker", "crm", (NEVER - {"sqlite3"}) | HTTP | {"apprise"}, id="crm"),
        pytest.param("worker", "notify", NEVER | SQL | HTTP | {"apprise"}, id="notify"),
    ],
)
def test_a_role_loads_nothing_it_does_not_work_with(
    valkey: Server, tmp_path: Path, role: str, group: str, unneeded: set[str]
) -> None:
    """When a role is ready, no library of another role or of a feature that is off has been loaded."""
    modules = loaded(valkey, tmp_path, role, group=group)

    assert "redis" in modules
    assert modules & unneeded == set()


def test_the_backfill_loads_nothing_it_does_not_work_with(valkey: Server, tmp_path: Path) -> None:
    """When it has read every list once, it has loaded an HTTP client for that, and neither tables nor databases."""
    with silent_salesloft(people=0) as salesloft:
        modules = loaded(valkey, tmp_path, "backfill", salesloft=salesloft)

    assert {"redis", "httpx2"} <= modules
    assert modules & (NEVER | SQL | {"apprise"}) == set()


def test_handlers_may_load_what_the_worker_does_without(valkey: Server, tmp_path: Path) -> None:
    """A handler's module imports Rich and OpenTelemetry, which the worker itself has not loaded."""
    (tmp_path / "own.py").write_text(HANDLERS, encoding="utf-8")

    modules = loaded(valkey, tmp_path, "worker", "--group=own", "--handlers=own:router")

    assert {"opentelemetry.trace", "rich.console"} <= modules
