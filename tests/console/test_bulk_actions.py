"""What concerns many events at once: how often it may be done, and what stopping it says."""

from collections.abc import Callable

from salesloft_webhooks.broker.administration.run_records import NewRun, RunKind
from salesloft_webhooks.broker.administration.runs import begin, find_run
from salesloft_webhooks.console.application import all_routes
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.pages.runs import stop_run
from salesloft_webhooks.console.people import Role
from salesloft_webhooks.console.routes import Action
from tests.console.served import Served
from tests.support.waiting import eventually


def test_whatever_concerns_many_events_may_be_done_less_often() -> None:
    """Every action that takes a whole selection counts as a bulk action."""
    bulk = {each.path for each in all_routes() if isinstance(each, Action) and each.bulk}

    assert bulk == {
        "/dead/discard",
        "/dead/redrive",
        "/erase",
        "/follow-ups/cancel-all",
        "/quarantine/discard-all",
        "/quarantine/reprocess-all",
        "/replay",
    }


async def test_stopping_what_has_ended_says_how_it_ended(served: Callable[..., Served]) -> None:
    """Whoever comes too late is not told that they have stopped something."""
    running = served(*Role)
    store, person = running.console.store, running.sign_in.who
    run_id = await begin(store, NewRun(kind=RunKind.DISCARD, by="sam", selection={}, total=1, ends=("0-0",), group="x"))
    form = Form({}, {"run": run_id})
    await stop_run(form, running.console, person)

    async def has_ended() -> bool:  # at once, unless a console of other tests is at it
        found = await find_run(store, run_id)
        return found is not None and found.state.ended

    await eventually(has_ended, "it has ended")
    done = await stop_run(form, running.console, person)

    assert done.message.startswith(("It is stopped: nothing more is done.", "It is done: nothing more is done."))
