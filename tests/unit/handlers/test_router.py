"""The Router hands each event to the handlers that asked for its type."""

from collections.abc import Coroutine
from contextlib import nullcontext
from functools import partial
from typing import Any

import pytest

from salesloft_webhooks import Event, Router
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.routes import name_of
from salesloft_webhooks.testing import Outcome, event, run


def test_exact_names_and_globs_match() -> None:
    """A handler registered for a name or a glob gets exactly the matching types, in the order of registration."""
    router = Router()

    @router.on("person.created", "email.*")
    async def first(event: Event) -> None: ...

    @router.on("*")
    async def second(event: Event) -> None: ...

    assert list(router.handlers_for("email.opened")) == [first, second]
    assert list(router.handlers_for("person.created")) == [first, second]
    assert list(router.handlers_for("person.updated")) == [second]
    assert router.patterns == ("person.created", "email.*", "*")


def test_a_registration_without_a_type_is_refused() -> None:
    """`on()` with nothing is a mistake that must not go unnoticed."""
    with pytest.raises(ConfigurationError):
        Router().on()


async def second_has_a_default(event: Event, dry_run: bool = True) -> None:  # noqa: FBT001, FBT002 - the mistake
    """Would be given the resources instead of its default."""


async def needs_a_keyword(event: Event, *, dry_run: bool) -> None:
    """Would fail at each event."""


async def takes_three(event: Event, client: object, more: object) -> None:
    """Would fail at each event."""


async def takes_nothing() -> None:
    """Would fail at each event."""


@pytest.mark.parametrize(
    ("handler", "named"),
    [
        (second_has_a_default, "dry_run"),
        (needs_a_keyword, "dry_run"),
        (takes_three, "takes_three"),
        (takes_nothing, "takes_nothing"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_handler_that_could_not_be_called_is_refused_when_it_is_registered(handler: Any, named: str) -> None:
    """The author is told at once and by name, not by a dead letter for each event."""
    with pytest.raises(ConfigurationError, match=named):
        Router().on("*")(handler)


async def test_what_has_a_default_keeps_it() -> None:
    """A keyword-only parameter with a default is the handler's own business; resources go to the second parameter."""
    router: Router[str] = Router(lambda _settings: nullcontext("resources"))
    calls: list[tuple[str, bool]] = []

    @router.on("*")
    async def handler(event: Event, resources: str, *, dry_run: bool = True) -> None:
        calls.append((resources, dry_run))

    (route,) = router.routes
    await route.run(event("person.created"), "resources")

    assert calls == [("resources", True)]


async def test_a_forgotten_await_is_a_failed_attempt() -> None:
    """A handler that returns its work instead of doing it has not handled the event."""

    async def work(event: Event) -> None: ...

    async def handler(event: Event) -> Coroutine[Any, Any, None]:
        return work(event)

    result = await run(handler, event("person.created"))

    assert (result.outcome, type(result.error)) == (Outcome.RETRY, TypeError)


def test_a_handler_with_arguments_of_its_own_is_called_by_its_name() -> None:
    """What a `partial` holds may be a secret; messages and logs name only its function."""

    async def handler(event: Event, *, key: str) -> None: ...

    assert name_of(partial(partial(handler), key="s3cret")).endswith(".handler")
