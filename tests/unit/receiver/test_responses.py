"""Answers after which there is something to be done."""

from collections.abc import MutableMapping
from typing import Any

import pytest

from salesloft_webhooks.receiver.responses import FollowedResponse, Responses


@pytest.mark.parametrize("closing", [False, True])
async def test_it_is_done_when_the_answer_is_on_its_way(*, closing: bool) -> None:
    """Not before, also for the last answer of a connection; and the answer is the one it was made of."""
    happened: list[str] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        happened.append(message["type"])

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    plain = Responses.links({"a": "b"})
    followed = FollowedResponse(plain, lambda: happened.append("then"))

    await (followed.closing() if closing else followed)({"type": "http", "state": {}}, receive, send)

    assert happened == ["http.response.start", "http.response.body", "then"]
    assert (followed.body, followed.status_code) == (plain.body, plain.status_code)
