"""A store that has one of each: what every page should be able to show."""

from pydantic import SecretStr

from salesloft_webhooks.broker import Store, open_store, quarantine
from salesloft_webhooks.broker.administration.audit import Act, write_audit
from salesloft_webhooks.errors import UnreadableReason
from salesloft_webhooks.settings import Settings
from tests.support.broker_driver import Driven
from tests.support.in_thread import in_thread
from tests.support.servers import Server
from tests.support.waiting_follow_up import let_one_wait


async def put_one_of_each(store: Store, settings: Settings, server: Server) -> None:
    """A dead letter, an event and a follow-up that wait, a limited handler, a quarantined delivery, and acts."""
    driven = Driven(store, settings, server)
    group = await driven.group()
    await driven.publish("dead")
    await driven.kill(group)
    await driven.publish("waiting")
    await group.handler_limits.declare({"sync": "8 - data.user.id"}, refresh=False)
    await let_one_wait(store, 7)
    reason = UnreadableReason.NOT_JSON
    await quarantine(store, source="s", dialect="envelope", reason=reason, body=b"{", limit=9)
    for outcome in ("done", "failed"):
        arguments, counts = {"group": "crm"}, {"letters": 1_234}
        act = Act(who="robin", roles=("view",), act="redrive", outcome=outcome, arguments=arguments, counts=counts)
        await write_audit(store, act)


def fill(server: Server) -> None:
    """`put_one_of_each`, for tests that are not asynchronous."""
    settings = Settings.load(redis_url=SecretStr(server.url))

    async def run() -> None:
        async with open_store(settings) as store:
            await put_one_of_each(store, settings, server)

    in_thread(run)
