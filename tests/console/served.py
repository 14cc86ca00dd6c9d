"""A console in the test's own process, with actions of the test's own and somebody who has signed in."""

from http import HTTPStatus

import httpx2
from starlette.requests import Request

from salesloft_webhooks.broker.administration.audit import Audited, audit_log
from salesloft_webhooks.console.application import application
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.pages import audit as audit_page
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.routes import Done, Routes, action
from salesloft_webhooks.errors import StoreUnavailable

OURS = {"Sec-Fetch-Site": "same-origin"}
BASE = "http://console.test"


class SignedIn:
    """Whoever asks is this person."""

    def __init__(self, *roles: Role) -> None:
        self.who = Person("robin", frozenset(roles))
        self.proof = False
        self.challenge = "Bearer"

    async def person(self, _request: Request) -> Person:
        """See `SignIn`."""
        return self.who

    def carries_own_proof(self, _request: Request) -> bool:
        """See `SignIn`."""
        return self.proof


async def redrive(form: Form, console: Console, person: Person) -> Done:
    """An action that says what it was told."""
    count = form.number("count")
    form.confirmed(count)
    return Done(f"{count} letters of {form.required('group')} redriven by {person.name}", "/audit", {"letters": count})


async def without_store(form: Form, console: Console, person: Person) -> Done:
    """An action in an outage."""
    raise StoreUnavailable("it is away")


async def broken(form: Form, console: Console, person: Person) -> Done:
    """An action with a fault."""
    raise ZeroDivisionError("secret")


async def endless(form: Form, console: Console, person: Person) -> Done:
    """An action that takes longer than it may."""
    await console.stopping.wait()
    return Done("", "/audit")


ROUTES: Routes = [
    *audit_page.ROUTES,
    action("/dead/redrive", redrive, needs=Role.OPERATE, act="redrive", audited=("group", "count")),
    action("/groups/{group}/pause", redrive, needs=Role.OPERATE, act="pause", audited=("group",)),
    action("/reveal", redrive, needs=Role.REVEAL, act="reveal"),
    action("/discard", redrive, needs=Role.DESTROY, act="discard"),
    action("/bulk", redrive, needs=Role.OPERATE, act="replay", bulk=True),
    action("/away", without_store, needs=Role.OPERATE, act="pause"),
    action("/endless", endless, needs=Role.OPERATE, act="pause", seconds=0.05),
    action("/broken", broken, needs=Role.OPERATE, act="pause"),
]


async def counted(client: httpx2.AsyncClient, address: str) -> httpx2.Response:
    """What a page answers when what it is about has been counted beside it: a busy machine takes long."""
    while (answer := await client.get(address)).status_code == HTTPStatus.ACCEPTED:
        pass
    return answer


class Served:
    """A console with these routes, in this process."""

    def __init__(self, console: Console, sign_in: SignedIn) -> None:
        self.console, self.sign_in = console, sign_in
        transport = httpx2.ASGITransport(application(console, sign_in, ROUTES))
        self.client = httpx2.AsyncClient(transport=transport, base_url=BASE)

    async def post(self, path: str, fields: dict[str, str], headers: dict[str, str] | None = None) -> httpx2.Response:
        """Send a form."""
        return await self.client.post(path, data=fields, headers=OURS if headers is None else headers)

    async def audited(self) -> list[Audited]:
        """What is written down, the latest first."""
        return [each async for each in audit_log(self.console.store)]
