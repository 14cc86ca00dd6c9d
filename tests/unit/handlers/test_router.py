"""The Router hands each event to the handlers that asked for its type."""

import pytest

from salesloft_webhooks import Event, Router
from salesloft_webhooks.errors import ConfigurationError


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
