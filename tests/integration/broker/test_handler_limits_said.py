"""What people, declarations and authors say of a handler's limit, and which of it holds."""

from collections.abc import Iterator

import pytest

from tests.integration.broker.handler_permits_model import BASE, Handlers
from tests.support.servers import Server


@pytest.fixture
def handlers(server: Server) -> Iterator[Handlers]:
    """Of nobody yet, on each engine."""
    with server.client() as redis:
        yield Handlers(redis)


def test_by_hand_comes_before_what_is_written_for_each_limit_by_itself(handlers: Handlers) -> None:
    """From the next event on: two at once instead of one, while the written rate still holds; forgotten, one again."""
    written = ("1 10/1000/3", "k")
    handlers.calls.run("limit_handlers", "crm", "hand", "further", "k", "2 -")
    by_hand = [handlers.ask(event, written) for event in "abc"]
    handlers.calls.run("limit_handlers", "crm", "hand", "further", "k", "none none")
    lifted = [handlers.ask(event, written).permit != "" for event in "def"]
    handlers.calls.run("limit_handlers", "crm", "hand", "further", "k", "")

    assert [each.permit != "" for each in by_hand] == [True, True, False]
    assert lifted == [True] * 3
    assert handlers.ask("g", written).limit == "running"


def test_what_is_declared_comes_between_hand_and_author(handlers: Handlers) -> None:
    """A declared limit of one replaces the author's two; a hand that lifts it leaves the declared rate."""
    written = ("2 -", "k")
    handlers.calls.run("limit_handlers", "crm", "declared", "", "k", "1 1/3600000/3 sales/crm")
    declared = [handlers.ask(event, written).permit != "" for event in "ab"]
    handlers.calls.run("limit_handlers", "crm", "hand", "further", "k", "none -")
    by_hand = [handlers.ask(event, written) for event in "cde"]

    assert declared == [True, False]
    assert [each.permit != "" for each in by_hand] == [True, True, False]
    assert by_hand[-1].limit == "rate"


def test_authors_are_heard_as_a_whole_and_people_handler_by_handler(handlers: Handlers) -> None:
    """A handler that is written no more is forgotten; what was said by hand stays; a refresh says nothing twice."""
    handlers.calls.run("limit_handlers", "crm", "author", "", "old", "1 -", "kept", "2 -")
    handlers.calls.run("limit_handlers", "crm", "hand", "further", "old", "9 -")
    handlers.calls.run("limit_handlers", "crm", "author", "repeated", "other", "3 -")
    handlers.calls.run("limit_handlers", "crm", "author", "", "kept", "4 -")

    assert handlers.redis.hgetall(BASE) == {"author kept": "4 -", "hand old": "9 -"}
