"""The backfill as a pod: through its network policy to SalesLoft, with its token as a file, beside live deliveries."""

import time
from collections.abc import Iterator

import pytest

from salesloft_webhooks.subscriptions import MasterKey
from tests.chart.rendering import Values
from tests.kind.cluster import (
    OUTSIDE,
    PATIENCE,
    RELEASE,
    Release,
    apply,
    entries,
    kubectl,
    pods,
    program,
    wait_until_handled,
)
from tests.kind.simulator import CALLBACK_URL, NAME, TOKEN, Simulator
from tests.support.waiting import wait_until

KEY = "the-tests-own-callback-secret-of-some-length"
EVENT = "note_created"
VALUES: Values = {
    "source": {"keys": {"callbackSecret": KEY}},
    "backfill": {
        "enabled": True,
        "replicas": 2,
        "config": {
            "BACKFILL_RESOURCES": "notes",
            "BACKFILL_EVERY_SECONDS": "2",
            # So long a live delivery may take on a busy node before it counts as missed.
            "BACKFILL_SETTLE_SECONDS": "20",
        },
    },
    "salesloftApi": {"url": f"http://{NAME}.{OUTSIDE}.svc/v2", "existingSecret": {"name": "salesloft-api"}},
    # The service's port, and the pod's behind it: some networks look at the one, some at the other.
    "networkPolicy": {
        "salesloftApi": {
            "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": OUTSIDE}}}],
            "ports": [80, 8010],
        }
    },
}


@pytest.fixture(scope="module")
def salesloft(release: Release) -> Iterator[Simulator]:
    """One that sends us what happens to notes, and the release with a backfill that asks it."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "salesloft-api"}}
    apply(secret | {"stringData": {"token": TOKEN}})
    with Simulator() as simulator:
        token = MasterKey(KEY.encode()).token(EVENT)
        fields = {"callback_url": CALLBACK_URL, "event_type": EVENT, "callback_token": token}
        simulator.request("POST", "/webhook_subscriptions", fields)
        release.install(VALUES)
        wait_until(lambda: "cursor" in notes(), seconds=120, description="the backfill has begun")
        yield simulator
        release.install()
    kubectl("delete", "secret", "salesloft-api")


def notes() -> dict[str, str]:
    """What the backfill has written down of them."""
    return next((row for row in program("backfill", "status") if row["resource"] == "notes"), {})


def found() -> tuple[int, int]:
    """How many notes came by webhook, and how many did not."""
    row = notes()
    return int(row["arrived"]), int(row["missed"])


def happen(simulator: Simulator, *, unsent: int, sent: int) -> None:
    """So many notes come of which SalesLoft tells nobody, and then so many of which it does."""
    simulator.ask("POST", "/faults", {"fault": "dropped", "path": EVENT, "times": unsent})
    simulator.ask("POST", "/changes", {"count": unsent, "event": EVENT})
    simulator.ask("POST", "/changes", {"count": sent, "event": EVENT})


def test_what_no_webhook_has_brought_is_fetched(salesloft: Simulator) -> None:
    """To the unit, each stored once and handled; by another pod where the one that read is gone."""
    before = entries()

    happen(salesloft, unsent=20, sent=10)

    wait_until(lambda: found() == (10, 20), seconds=120, description="twenty are missed, ten have arrived")
    names = [pod["metadata"]["name"] for pod in pods("backfill")]
    assert len(names) == 2
    kubectl("delete", "pod", *names[:1], "--force", "--grace-period=0")
    happen(salesloft, unsent=5, sent=5)
    wait_until(lambda: found() == (15, 25), seconds=240, description="five more of each")
    kubectl("rollout", "status", f"deployment/{RELEASE}-backfill", PATIENCE)
    assert entries() - before == 40
    wait_until_handled()


def test_a_token_that_is_replaced_is_read_again(salesloft: Simulator) -> None:
    """The old one is revoked, the new one is put into the Secret: nothing is lost meanwhile, and no pod is replaced."""
    _, missed = found()
    names = {pod["metadata"]["name"] for pod in pods("backfill")}
    salesloft.ask("POST", "/tokens", {"revoke": TOKEN})
    happen(salesloft, unsent=5, sent=0)
    wait_until(lambda: not ready(), seconds=120, description="the pods say that they cannot work")

    apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "salesloft-api"},
            "stringData": {"token": "the-next-token"},
        }
    )
    salesloft.ask("POST", "/tokens", {"allow": "the-next-token"})
    # A pod that is touched is looked at by its node at once, and otherwise about once a minute.
    kubectl("annotate", "pods", *names, f"touched={time.time()}", "--overwrite")

    wait_until(lambda: found()[1] == missed + 5, seconds=240, description="what was missed is fetched")
    assert {pod["metadata"]["name"] for pod in pods("backfill")} == names


def ready() -> bool:
    """Whether every pod of the backfill says that it can work."""
    conditions = [each for pod in pods("backfill") for each in pod["status"]["conditions"] if each["type"] == "Ready"]
    return all(each["status"] == "True" for each in conditions)
