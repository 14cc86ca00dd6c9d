"""No page, as HTML or as JSON, says what only `reveal` may show: not in data, not in errors, not in quarantine."""

from pydantic import SecretStr

from salesloft_webhooks.broker import Outcome, open_store, quarantine
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.routes import Page
from salesloft_webhooks.errors import UnreadableReason
from salesloft_webhooks.settings import Ordering, Settings
from tests.console.arranged import publish
from tests.console.test_accessibility import EXAMPLES, MORE
from tests.console.test_role_matrix import API, ROUTES, served
from tests.support.broker_driver import Driven
from tests.support.servers import Server
from tests.support.waiting_follow_up import let_one_wait

SECRETS = ("ada@crm.example", "Lovelace", "4915112345678")
"""An address, a name, a telephone number."""
DATA = b'{"id":1,"email_address":"ada@crm.example","last_name":"Lovelace","phone":"4915112345678"}'
ERROR = "LookupError: nobody is ada@crm.example, called 4915112345678"
UNUSUAL = "ada@crm.example (4915112345678): no such person"
"""Without the name of an exception in front of it."""
PATHS = [each.path for each in ROUTES if isinstance(each, Page)]
ADDRESSES = [
    *(EXAMPLES.get(path, path) for path in PATHS),
    *MORE,
    "/dead/confirm?group=lanes",
    "/dead/tried?group=lanes&event=dead",
    "/dead?group=lanes",
    "/erase?person=4700",
    "/follow-ups?group=lanes",
    "/follow-ups?person=4700",
    "/events/behind",
    "/events/retried",
    "/events?person=4700",
    "/follow-ups/confirm?group=lanes",
    "/groups/lanes",
    "/people/4700",
    "/replay?group=lanes&person=4700",
]


async def fill(driven: Driven) -> str:
    """Hers: an event that comes again, one behind it, a dead letter, one in quarantine; its name."""
    lanes = await driven.group("lanes", ordering=Ordering.ENTITY)
    for event_id, person in (("retried", 4_700), ("behind", 4_700), ("dead", 4_701), ("unusual", 4_702)):
        await publish(driven, event_id, DATA, person=person)
    leases = {lease.event.event_id: lease for lease in await driven.take(lanes)}
    await driven.settle(lanes, [leases["retried"]], Outcome.RETRY, delay_seconds=600.0, error=ERROR)
    await driven.settle(lanes, [leases["unusual"]], Outcome.RETRY, delay_seconds=600.0, error=UNUSUAL)
    await driven.settle(lanes, [leases["dead"]], Outcome.DEAD, reason="permanent", error=ERROR)
    reason = UnreadableReason.NOT_JSON
    await quarantine(driven.store, source="team", dialect="envelope", reason=reason, body=DATA, limit=9)
    with driven.server.client() as client:
        return f"0/{client.xrevrange('sl:{0}:quarantine', count=1)[0][0]}"


async def test_no_page_says_who_it_is(valkey: Server) -> None:
    """Whoever may do everything but has not asked for it sees no address, name or number on any page."""
    settings = Settings.load(redis_url=SecretStr(valkey.url))
    said: dict[str, str] = {}
    async with served(valkey) as (client, sign_in), open_store(settings) as store:
        sign_in.who = Person("robin", frozenset(Role))
        known = {"letter": "dead", "run": "none", "delivery": await fill(Driven(store, settings, valkey))}
        known["follow_up"] = await let_one_wait(store, 4_700, group="lanes", key=UNUSUAL)
        for path in ADDRESSES:
            address = path.format(**known, id="4700")
            said[address] = (await client.get(address)).text
            said[API + address] = (await client.get(API + address)).text

    assert "LookupError: nobody is" in said["/dead?group=lanes"]
    assert "no such person" in said["/follow-ups?group=lanes"]
    assert {
        address: [secret for secret in SECRETS if secret in text]
        for address, text in said.items()
        if any(secret in text for secret in SECRETS)
    } == {}
