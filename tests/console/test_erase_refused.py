"""The page that erases, when the server begins to refuse in the middle: what it says, and what the audit says."""

import pytest

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.settings import Settings
from tests.console.test_role_matrix import OURS, served
from tests.support.broker_driver import Driven
from tests.support.interrupted_scripts import BetweenScripts
from tests.support.servers import Server

HERS = 7001
AUDIT = "sl:audit"


async def test_it_says_how_far_it_came(own_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of its own says what was erased and why no more; pressed again it goes on; the audit has both, exactly."""
    own_server.options = {}
    settings = Settings.load(redis_url=own_server.start().url)
    async with served(own_server) as (client, sign_in), open_store(settings) as store:
        sign_in.who = Person("robin", frozenset(Role))
        await Driven(store, settings, own_server).publish(*(f"a{number}" for number in range(250)), person=HERS)
        with own_server.client() as redis, monkeypatch.context() as refusing:
            rules = ("resetkeys", f"~{AUDIT}")
            BetweenScripts(refusing, 1, lambda: redis.execute_command("ACL SETUSER", "default", *rules), only="erase")
            refused = await client.post("/erase", data={"person": HERS, "confirm": "250"}, headers=OURS)
            redis.execute_command("ACL SETUSER", "default", "allkeys")

        again = await client.post("/erase", data={"person": HERS, "confirm": "150"}, headers=OURS)
        done, failed = (await client.get("/api/v1/audit?act=erase")).json()["acts"]

    assert (refused.status_code, again.status_code) == (503, 303)
    assert "Not erased to its end" in refused.text
    assert "100 entries, 0 letters, 0 quarantined, 0 follow-ups were erased, and then: " in refused.text
    assert "retry-after" not in refused.headers
    assert (failed["outcome"], failed["counts"]) == (
        "failed",
        {"entries": 100, "letters": 0, "quarantined": 0, "follow_ups": 0},
    )
    assert failed["message"].startswith("100 entries, 0 letters, 0 quarantined, 0 follow-ups were erased, and then: ")
    assert (done["outcome"], done["counts"]["entries"]) == ("done", 150)
