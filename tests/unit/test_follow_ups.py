"""What handlers may give to a task, and what follow-ups say of themselves."""

from datetime import UTC, datetime

import pytest

from salesloft_webhooks.errors import FollowUpRefused
from salesloft_webhooks.follow_ups import ARGUMENT_DEPTH, FollowUp, checked_arguments


def nested(levels: int) -> dict[str, object]:
    """Objects in objects."""
    return {"in": nested(levels - 1)} if levels > 1 else {}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"n": float("nan")}, id="no-number"),
        pytest.param({"n": {1, 2}}, id="set"),
        pytest.param({"n": {1: 2}}, id="name-that-is-no-text"),
        pytest.param({"n": datetime.now(UTC)}, id="time"),
        pytest.param({"n": 2**70}, id="number-that-nobody-reads"),
        pytest.param(nested(ARGUMENT_DEPTH + 1), id="deep"),
        pytest.param({"n": "a" * 20_000}, id="large"),
    ],
)
def test_what_a_task_would_not_be_given_as_asked_is_refused(arguments: dict[str, object]) -> None:
    """What JSON cannot say, or no worker could read, is refused to the author, and never changed silently."""
    with pytest.raises(FollowUpRefused):
        checked_arguments("tell", arguments)


def test_arguments_are_written_as_they_are() -> None:
    """JSON's own kinds are taken, as deep as is allowed."""
    assert (
        checked_arguments("tell", {"a": [1, 2.5, None, True, "é"], "b": {}})
        == '{"a":[1,2.5,null,true,"é"],"b":{}}'.encode()
    )
    assert checked_arguments("tell", nested(ARGUMENT_DEPTH)).count(b"{") == ARGUMENT_DEPTH


def test_a_follow_up_can_be_in_a_set() -> None:
    """Events are, so theirs are, arguments or not."""
    at = datetime.now(UTC)
    one = FollowUp("k", at, at, "e1", "email.sent", "tell", {"a": 1})

    assert {one, FollowUp("k", at, at, "e1", "email.sent", "tell", {"a": 1})} == {one}
