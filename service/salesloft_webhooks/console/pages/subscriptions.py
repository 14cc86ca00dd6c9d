"""What SalesLoft sends, beside what is declared, and the keys that receivers accept. Read only.

Which key has signed a subscription only somebody with the keys can tell: the operator, or `subscriptions plan`. The
console has none, so it goes by the address.
"""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.announced_keys import AnnouncedKeys, Announcement
from salesloft_webhooks.broker.listed_subscriptions import Listed, listed_subscriptions, without_query
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.key_rows import KeyRow, key_rows
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import FormRefused
from salesloft_webhooks.console.routes import Done, View, action, page
from salesloft_webhooks.console.salesloft_list import SOONEST_SECONDS, ask
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.salesloft import has_credentials
from salesloft_webhooks.subscriptions import Declaration, load_declaration

SETTING = "CONSOLE_SUBSCRIPTIONS_FILE"


class SubscriptionRow(Struct, frozen=True):
    """A subscription that is there, or is declared and missing.

    Attributes:
        event: SalesLoft's name of the event type.
        word: How it stands: ``sent``, ``disabled``, ``missing``, ``not declared``, ``elsewhere``.
        kind: Of that: ``good``, ``bad``, ``waiting`` or ``quiet``.
        id: SalesLoft's; None: it is missing.
        url: Where it goes, without a query.
    """

    event: str
    word: str
    kind: str
    id: int | None
    url: str


class Rotation(Struct, frozen=True):
    """How far a source's key is on its way to all receivers.

    Attributes:
        source: The source.
        word: In words.
        kind: ``good`` or ``waiting``.
    """

    source: str
    word: str
    kind: str


class SubscriptionsValues(Struct, frozen=True):
    """What the page shows.

    Attributes:
        configured: Whether SalesLoft can be asked at all.
        declared: Whether it is known what is wanted.
        declared_url: Where deliveries are wanted; empty: nobody says.
        problem: Why SalesLoft could not be asked, or what is declared could not be read; empty: nothing.
        asked_ms: When SalesLoft was asked last; 0: never.
        listed_ms: Of when its list is; 0: there is none.
        subscriptions: What it has, and what is missing.
        receivers: How many say which keys they accept.
        keys: These.
        rotations: How far each source's keys are.
    """

    configured: bool
    declared: bool
    declared_url: str
    problem: str
    asked_ms: int
    listed_ms: int
    subscriptions: tuple[SubscriptionRow, ...]
    receivers: int
    keys: tuple[KeyRow, ...]
    rotations: tuple[Rotation, ...]


async def show(request: Request, console: Console) -> View:
    """What is there."""
    path, problem, declaration = console.settings.console_subscriptions_file, "", None
    try:
        declaration = load_declaration(SETTING, path) if path else None
    except ConfigurationError as exc:
        problem = str(exc)
    known = await listed_subscriptions(console.store)
    receivers = await AnnouncedKeys(console.store).all()
    values = SubscriptionsValues(
        configured=has_credentials(console.settings),
        declared=declaration is not None,
        declared_url=without_query(declaration.desired.callback_url) if declaration else "",
        problem=problem or known.problem,
        asked_ms=known.asked_ms,
        listed_ms=known.listed_ms,
        subscriptions=() if known.subscriptions is None else tuple(_rows(known.subscriptions, declaration)),
        receivers=len(receivers),
        keys=key_rows(receivers),
        rotations=tuple(_rotations(receivers)),
    )
    may_ask = values.configured and request.state.person.may(Role.OPERATE)
    buttons = {"Ask SalesLoft now": command_line("subscriptions list")} if may_ask else {}
    return View("subscriptions.html", "Subscriptions", values, _command(path), buttons=buttons)


def _command(path: Path | None) -> str:
    return command_line("subscriptions plan", file=str(path)) if path else command_line("subscriptions list")


def _rows(found: tuple[Listed, ...], declaration: Declaration | None) -> Iterator[SubscriptionRow]:
    if declaration is None:
        for each in found:
            yield SubscriptionRow(each.event, *_sent(each), each.id, each.url)
        return
    wanted = {(route.event, without_query(route.url)) for route in declaration.desired.routes}
    addresses = {url for _, url in wanted}
    there = {(each.event, each.url) for each in found}
    for event, url in sorted(wanted - there):
        yield SubscriptionRow(event, "missing", "bad", None, url)
    for each in sorted(found, key=lambda one: (one.url not in addresses, one.event, one.id)):
        if (each.event, each.url) in wanted:
            word, kind = _sent(each)
        elif each.url in addresses:
            word, kind = "not declared", "waiting"
        else:
            word, kind = "elsewhere", "quiet"
        yield SubscriptionRow(each.event, word, kind, each.id, each.url)


def _sent(each: Listed) -> tuple[str, str]:
    return ("sent", "good") if each.enabled else ("disabled", "bad")


def _rotations(receivers: dict[str, Announcement]) -> Iterator[Rotation]:
    for source in sorted({source for each in receivers.values() for source in each.sources}):
        said = [each.sources[source] for each in receivers.values() if source in each.sources]
        first = {keys[0] for keys in said if keys}
        having = sum(first <= set(keys) for keys in said)
        if having < len(said):
            yield Rotation(source, f"a key spreads: {having} of {len(said)} receivers accept it", "waiting")
        else:
            yield Rotation(source, "every receiver accepts the key in use", "good")


async def ask_now(_form: Form, console: Console, _person: Person) -> Done:
    """Ask SalesLoft for its list, if nobody just has."""
    if not has_credentials(console.settings):
        raise FormRefused("this console has no credentials for SalesLoft")
    asked = await ask(console.store, console.settings, every_seconds=SOONEST_SECONDS)
    return Done("SalesLoft was asked" if asked else "SalesLoft was asked a moment ago", "/subscriptions")


ROUTES = [
    page("/subscriptions", show, label="Subscriptions"),
    action("/subscriptions/ask", ask_now, needs=Role.OPERATE, act="ask_salesloft"),
]
