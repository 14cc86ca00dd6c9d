"""A group's routers are found by name, opened once and called in order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.contextvars import get_contextvars

from salesloft_webhooks import Event, Router
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.loading import LoadedGroup, load_group
from salesloft_webhooks.handlers.routes import Policy
from salesloft_webhooks.settings import Settings
from tests.support import samples

SETTINGS = Settings.load()


async def test_resources_are_opened_once_and_handed_to_handlers_that_ask() -> None:
    """The lifespan runs around all events; a handler with one parameter is called without its resources."""
    seen: list[object] = []

    @asynccontextmanager
    async def lifespan(_settings: Settings) -> AsyncIterator[str]:
        seen.append("open")
        yield "client"
        seen.append("close")

    router = Router(lifespan)

    @router.on("email.*")
    async def with_resources(_event: Event, client: str) -> None:
        seen.append(client)

    @router.on("email.opened")
    async def without(event: Event) -> None:
        seen.append(event.event_type)

    async with LoadedGroup("test", (router,)).open(SETTINGS) as running:
        await running.handle(samples.email("email.opened"))
        await running.handle(samples.email("email.clicked"))

    assert seen == ["open", "client", "email.opened", "client", "close"]


async def test_a_failing_handler_ends_the_attempt() -> None:
    """Handlers after the one that fails do not run; the error reaches the worker as it is."""
    router = Router()
    ran: list[str] = []

    @router.on("*")
    async def fails(_event: Event) -> None:
        raise OSError("first")

    @router.on("*")
    async def never(_event: Event) -> None:
        ran.append("second")

    async with LoadedGroup("test", (router,)).open(SETTINGS) as running:
        with pytest.raises(OSError, match="first"):
            await running.handle(samples.email())

    assert ran == []


async def test_what_a_handler_logs_carries_the_event_and_the_attempt() -> None:
    """Id, type, group and attempt are bound while the handler runs, and not a moment longer."""
    router = Router()
    bound: list[dict[str, object]] = []

    @router.on("*")
    async def handler(_event: Event) -> None:
        bound.append(get_contextvars())

    async with LoadedGroup("test", (router,)).open(SETTINGS) as running:
        await running.handle(samples.email("email.opened", event_id="x", attempt=3))

    assert bound == [{"event_id": "x", "event_type": "email.opened", "group": "test", "attempt": 3}]
    assert get_contextvars() == {}


def test_policies_of_handlers_that_share_an_attempt_are_widened() -> None:
    """Field by field the greatest override counts; what nobody overrides stays the group's."""
    router = Router()

    @router.on("email.*", timeout_seconds=5, max_attempts=3)
    async def first(_event: Event) -> None: ...

    @router.on("email.opened", timeout_seconds=9)
    async def second(_event: Event) -> None: ...

    group = LoadedGroup("test", (router,))

    assert group.policy("email.opened") == Policy(timeout_seconds=9, max_attempts=3)
    assert group.policy("email.clicked") == Policy(timeout_seconds=5, max_attempts=3)
    assert group.policy("person.created") == Policy()


def test_a_router_of_ones_own_is_found_in_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--handlers my_handlers:router` works where my_handlers.py lies."""
    source = "from salesloft_webhooks import Router\nrouter = Router()\n@router.on('a.b')\nasync def f(event): ...\n"
    (tmp_path / "my_own_handlers.py").write_text(source)
    monkeypatch.chdir(tmp_path)

    assert load_group("mine", ["my_own_handlers:router"], SETTINGS).patterns == ("a.b",)


@pytest.mark.parametrize(
    "handlers",
    [(), ("nowhere",), ("nowhere:router",), ("salesloft_webhooks.nowhere:router",), ("salesloft_webhooks:nowhere",)],
    ids=["not-built-in", "no-attribute", "no-module", "no-submodule", "not-a-router"],
)
def test_what_cannot_be_found_is_a_configuration_error(handlers: tuple[str, ...]) -> None:
    """Whatever is wrong with the names, the worker says so at its start."""
    with pytest.raises(ConfigurationError):
        load_group("nowhere", handlers, SETTINGS)


def test_a_group_of_tasks_alone_is_a_configuration_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No event could ever ask for one, and the group would take every event and handle none."""
    lines = ["from salesloft_webhooks import Router", "router = Router()", "@router.task('remind')"]
    (tmp_path / "only_tasks.py").write_text("\n".join([*lines, "async def remind(event): ..."]))
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigurationError, match="tasks only"):
        load_group("mine", ["only_tasks:router"], SETTINGS)


def test_an_override_that_makes_no_sense_is_refused() -> None:
    """A time-out of zero would fail every attempt."""
    with pytest.raises(ConfigurationError, match="timeout_seconds"):
        Router().on("a.b", timeout_seconds=0)
