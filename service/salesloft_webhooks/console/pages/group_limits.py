"""What limits a group, and the form that changes it."""

from salesloft_webhooks.broker.administration.limiting import StoredLimits, forget_limits, limit_by_hand
from salesloft_webhooks.broker.administration.stats import group_names
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import FormRefused, NotFound
from salesloft_webhooks.console.routes import Done, action
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.limits import SaidLimits


def limit_buttons(name: str, stored: StoredLimits) -> dict[str, str]:
    """The commands that do what the page's buttons do."""
    buttons = {"Limit": command_line("groups limit", name, max_running="10", rate="100/min")}
    if "hand" in stored.said:
        buttons["Take back"] = command_line("groups limit", name, forget=True)
    return buttons


async def limit(form: Form, console: Console, _person: Person) -> Done:
    """Say by hand what limits it; what is left empty is not said by hand any more."""
    name = await known_group(console, form.text("name"))
    limits = await limit_by_hand(console.store, name, said_in(form), anew=True)
    return Done(f"{name} is limited to {limits.text}" if limits else f"nothing limits {name} now", f"/groups/{name}")


async def forget_limit(form: Form, console: Console, _person: Person) -> Done:
    """Let what is declared or written hold again."""
    name = await known_group(console, form.text("name"))
    limits = await forget_limits(console.store, name)
    return Done(f"{name} is limited to {limits.text}" if limits else f"nothing limits {name} now", f"/groups/{name}")


def said_in(form: Form) -> SaidLimits:
    """What a form says of both limits.

    Raises:
        FormRefused: one is none.
    """
    try:
        return SaidLimits.parse(form.text("max_running"), form.text("rate"))
    except ConfigurationError as exc:
        raise FormRefused(str(exc)) from exc


async def known_group(console: Console, name: str) -> str:
    """The name of a group.

    Raises:
        NotFound: there is none.
    """
    if name not in await group_names(console.store):
        raise NotFound(f"There is no group {name[:100]}")
    return name


ROUTES = [
    action("/groups/{name}/limit", limit, needs=Role.OPERATE, act="limit", audited=("name", "max_running", "rate")),
    action("/groups/{name}/forget-limit", forget_limit, needs=Role.OPERATE, act="forget_limit", audited=("name",)),
]
