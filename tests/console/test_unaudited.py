"""What is not shown while nobody can write down that it was."""

from urllib.parse import quote

from pydantic import SecretStr

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.settings import Settings
from tests.console.arranged import publish
from tests.console.test_role_matrix import served
from tests.support.broker_driver import Driven
from tests.support.servers import Server

REPLY = "email.replied/812345678/3"
ADA = b'{"recipient_email_address":"ada@crm.example"}'
OURS = {"Sec-Fetch-Site": "same-origin"}


async def test_nothing_is_revealed_that_the_audit_does_not_have(own_server: Server) -> None:
    """On a server that takes no writes the event is not shown as it came; the page says why."""
    own_server.start()
    settings, reveal = Settings.load(redis_url=SecretStr(own_server.url)), f"/events/{quote(REPLY)}/reveal"
    async with served(own_server) as (client, sign_in), open_store(settings) as store:
        sign_in.who = Person("robin", frozenset(Role))
        await publish(Driven(store, settings, own_server), REPLY, ADA)
        shown = await client.post(reveal, headers=OURS)
        with own_server.client() as admin:
            admin.config_set("min-replicas-to-write", "1")
        refused = await client.post(reveal, headers=OURS)

    assert (shown.status_code, "ada@crm.example" in shown.text) == (200, True)
    assert (refused.status_code, "ada@crm.example" in refused.text) == (503, False)
    assert "has to be in the audit" in refused.text
