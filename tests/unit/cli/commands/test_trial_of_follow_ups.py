"""What `trial` does with a recorded follow-up, and says of those that handlers ask for."""

import pytest

from salesloft_webhooks import Event, Router, Settings
from salesloft_webhooks.cli.commands.trial.handler_trials import _try
from salesloft_webhooks.follow_ups import Wanted
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.handlers.recorded_follow_ups import follow_up_event
from salesloft_webhooks.testing import event


def test_a_task_is_tried_and_what_it_asks_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """No pattern matches a task, and its router runs it; what it asks for and cancels is said."""
    router = Router()

    @router.task("remind")
    async def remind(event: Event) -> None:
        await event.cancel_later("other")
        await event.later(after=7_200, key="next", task="remind")

    recorded = follow_up_event(event("email.sent", id=1), Wanted("k", 60, "remind", b"", on_done=False))

    assert _try(LoadedGroup("crm", (router,)), recorded, Settings.load())

    said = capsys.readouterr().out
    assert "follow-up next (task remind) in 2 h" in said
    assert "cancels the follow-up other" in said
