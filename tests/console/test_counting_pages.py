"""Pages that count what a button would do, in a store of any size."""

from collections.abc import Callable

import pytest
from starlette.requests import Request

from salesloft_webhooks.console import endpoints
from salesloft_webhooks.console.application import all_routes
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.pages import erase, replay
from salesloft_webhooks.console.people import Role
from salesloft_webhooks.console.refusals import FormRefused
from salesloft_webhooks.console.routes import COUNTING_SECONDS, Page
from tests.console.served import Served


async def test_a_page_that_counts_may_take_longer(
    served: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others are given up after three seconds, which is said; what is counted before a button is there, is not."""
    monkeypatch.setattr(endpoints, "PAGE_SECONDS", 0.05)
    running = served(Role.VIEW)

    short, counted = [await running.client.get(f"/api/v1/slow{path}") for path in ("", "/counted")]

    assert (short.status_code, counted.status_code) == (503, 200)
    longer = {each.path for each in all_routes() if isinstance(each, Page) and each.seconds}
    assert longer == {"/dead/confirm", "/erase", "/replay"}
    assert replay.PATIENCE_SECONDS < COUNTING_SECONDS < endpoints.ACTION_SECONDS


async def test_a_store_that_is_too_large_is_erased_from_by_the_command(
    served: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody would wait for the end of one look, the page says so, and nothing is begun."""
    monkeypatch.setattr(erase, "LOOK_SECONDS", 0.0)
    running = served(*Role)
    request = Request({"type": "http", "query_string": b"person=7", "headers": []})

    view = await erase.erasure(request, running.console)
    with pytest.raises(FormRefused, match="by the command"):
        await erase.erase(Form({"person": ("7",)}, {}), running.console, running.sign_in.who)

    assert isinstance(view.values, erase.EraseValues)
    assert "by the command" in view.values.problem
    assert view.command == "salesloft-webhooks erase --person 7 --dry-run"
