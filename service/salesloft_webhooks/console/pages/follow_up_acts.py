"""What is done with follow-ups: one is run now or cancelled; all that match are, after having been counted."""

from dataclasses import replace

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.administration.follow_up_acts import (
    KnownFollowUp,
    cancel_follow_ups,
    find_follow_up,
    run_now,
)
from salesloft_webhooks.broker.administration.follow_up_filter import Cancelled, FollowUpFilter, RunNow
from salesloft_webhooks.broker.administration.follow_up_look import count
from salesloft_webhooks.broker.administration.follow_up_steps import cancelling
from salesloft_webhooks.broker.administration.runs import begin
from salesloft_webhooks.broker.administration.selected import each
from salesloft_webhooks.broker.administration.server_clock import server_ms
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.follow_up_questions import FIELDS, address, asked, command, pairs
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.pages.follow_ups import PAGE, at
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import FormRefused
from salesloft_webhooks.console.routes import Done, View, action, page
from salesloft_webhooks.console.still_counting import still_counting

SAID = {
    Cancelled.CANCELLED: "It is cancelled.",
    Cancelled.RUNNING: "A worker runs it: that attempt goes on, and is the last.",
    Cancelled.OVER: "It was over before: nothing was changed.",
    RunNow.BEGUN: "It has begun: its group gets it as an event.",
    RunNow.DUE: "It is due: a worker of its group has it begin, after the pause if there is one.",
    RunNow.OVER: "It waits no more: nothing was changed.",
}
ONE = f"{PAGE}/{{follow_up:path}}"


class ConfirmCancelValues(Struct, frozen=True):
    """What is asked before all that match are cancelled.

    Attributes:
        count: How many wait.
        group: Of which group.
        fields: What is posted: the choice, and what was counted until when.
        asked: What they have in common, by field.
        may_cancel: Whether whoever looks may.
        back: Where they are listed.
    """

    count: int
    group: str
    fields: list[tuple[str, str]]
    asked: dict[str, str]
    may_cancel: bool
    back: str


async def confirm(request: Request, console: Console) -> View:
    """Counts what is meant, and asks."""
    choice = asked(lambda name: request.query_params.get(name, ""), console.now())
    if not choice.group:
        raise FormRefused("choose a group")

    async def counted() -> tuple[FollowUpFilter, int]:
        fixed = replace(choice, asked_until_ms=await server_ms(console.store))
        return fixed, await count(console.store, fixed)

    found = await console.countings.result(request, f"cancel {pairs(choice)}", counted)
    if found is None:
        return still_counting(f"Cancel follow-ups of {choice.group}?", command("cancel", choice))
    fixed, number = found
    values = ConfirmCancelValues(
        number,
        fixed.group,
        [*pairs(fixed).items(), ("asked", str(fixed.asked_until_ms)), ("count", str(number))],
        pairs(fixed),
        request.state.person.may(Role.DESTROY),
        address(PAGE, fixed),
    )
    title = f"Cancel {number:,} {'follow-up' if number == 1 else 'follow-ups'} of {fixed.group}?"
    return View("follow_ups_confirm.html", title, values, command("cancel", fixed), once=True)


async def cancel_all(form: Form, console: Console, person: Person) -> Done:
    """Begin a run that cancels what was counted; what was asked for since is not among it."""
    choice = asked(form.text, console.now())
    if not choice.group:
        raise FormRefused("choose a group")
    form.required("asked")
    fixed, shown = replace(choice, asked_until_ms=form.number("asked")), form.number("count")
    # Fewer are left than were counted when some have begun since. None is new, for each was asked for before.
    number = await count(console.store, fixed) if fixed.asked_until_ms else 0
    if not number:
        raise FormRefused("none of these follow-ups waits any more")
    if number > shown:
        raise FormRefused(f"the selection has changed: it is {number:,} follow-ups now. Look at it again")
    form.confirmed(shown)
    new = cancelling(fixed, number, partitions=console.store.partitions, by=person.name)
    run_id = await begin(console.store, new)
    message = f"{number:,} follow-ups of {fixed.group} are being cancelled."
    return Done(message, f"/runs/{run_id}", {"follow_ups": number}, run_id)


async def cancel_one(form: Form, console: Console, _person: Person) -> Done:
    """Cancel one; its event does not bring it back."""
    found, ttl = await _found(form, console), console.settings.idempotency_ttl_seconds
    done = cancel_follow_ups(console.store, each([found]), idempotency_ttl_seconds=ttl)
    [(_, outcome)] = [one async for one in done]
    return Done(SAID[outcome], at(found.event_id), {outcome: 1})


async def run_one(form: Form, console: Console, _person: Person) -> Done:
    """Have one run now."""
    found, ttl = await _found(form, console), console.settings.idempotency_ttl_seconds
    outcome = await run_now(console.store, found, idempotency_ttl_seconds=ttl)
    return Done(SAID[outcome], at(found.event_id), {outcome: 1})


async def _found(form: Form, console: Console) -> KnownFollowUp:
    if (found := await find_follow_up(console.store, form.required("follow_up"))) is None:
        raise FormRefused("there is no such follow-up any more")
    return found


ROUTES = [
    page(f"{PAGE}/confirm", confirm),
    action(
        f"{PAGE}/cancel-all",
        cancel_all,
        needs=Role.DESTROY,
        act="cancel_follow_ups",
        audited=(*FIELDS, "count"),
        bulk=True,
    ),
    action(f"{ONE}/cancel", cancel_one, needs=Role.DESTROY, act="cancel_follow_up", audited=("follow_up",)),
    action(f"{ONE}/run", run_one, needs=Role.OPERATE, act="run_follow_up", audited=("follow_up",)),
]
