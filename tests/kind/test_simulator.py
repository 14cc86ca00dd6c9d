"""SalesLoft as a pod: what is registered there reaches the release's receivers, and the account says so."""

from salesloft_webhooks.subscriptions import MasterKey
from tests.kind.cluster import Release, entries, wait_until_handled
from tests.kind.simulator import CALLBACK_URL, Simulator
from tests.support.waiting import wait_until

KEY = "the-tests-own-callback-secret-of-some-length"


def test_deliveries_follow_what_is_registered(release: Release) -> None:
    """Without a subscription nothing comes; with one every change does, and nothing is refused or lost."""
    release.install({"source": {"keys": {"callbackSecret": KEY}}})
    before = entries()
    with Simulator() as simulator:
        simulator.ask("POST", "/changes", {"count": 20})
        fields = {"callback_url": CALLBACK_URL, "event_type": "note_created"}
        token = MasterKey(KEY.encode()).token("note_created")
        simulator.request("POST", "/webhook_subscriptions", fields | {"callback_token": token})
        simulator.ask("POST", "/changes", {"count": 30, "event": "note_created"})
        account = simulator.settled()

    assert (account["reached"], account["lost"], account["answers"]) == (30, 0, {"200": 30})
    wait_until(lambda: entries() - before == 30, description="each of them is stored once")
    wait_until_handled()
