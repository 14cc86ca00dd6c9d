"""A release in which something of everything has gone wrong, so that each runbook has something to show."""

import json
import time
from dataclasses import dataclass

from tests.chart.rendering import Object, Values
from tests.kind.cluster import OUTSIDE, PATIENCE, RELEASE, SECRET, apply, kubectl, pods, program
from tests.kind.simulator import CALLBACK_URL, NAME, TOKEN, Simulator
from tests.neighbours.pasting import Shell, ended
from tests.support.waiting import wait_until

API = f"http://{NAME}.{OUTSIDE}.svc/v2"
KEY = "the-tests-own-callback-secret-of-some-length"
VALKEY = f"{RELEASE}-valkey-0"
GROUP, GONE, OBJECT = "shop", "gone", "sales"
QUARANTINE = "sl:{0}:quarantine"
CODE = """
from salesloft_webhooks import Event, PermanentError, Router
from salesloft_webhooks.link_swap import LinkSwap

router = Router()

@router.on("person.updated")
async def order(event: Event) -> None:
    raise PermanentError("the shop is closed")

@router.on("note.created")
async def invoice(event: Event) -> None:
    raise RuntimeError("the printer is out of paper")

async def swap(request: LinkSwap) -> dict[str, str]:
    return {link: "https://links.example.com/1" for link in request.links}
"""
_OURS = {
    "extraEnv": [{"name": "PYTHONPATH", "value": "/handlers"}],
    "extraVolumes": [{"name": "handlers", "configMap": {"name": "handlers"}}],
    "extraVolumeMounts": [{"name": "handlers", "mountPath": "/handlers", "readOnly": True}],
}


def values(image: Object) -> Values:
    """Every component of the chart that a runbook is about, and a group whose handlers fail."""
    subscriptions = {
        "callbackUrl": CALLBACK_URL,
        "events": ["note_created", "person_updated"],
        "api": {"baseUrl": API, "tokenSecretRef": {"name": "salesloft-api"}},
        "keys": {"secretRef": {"name": "salesloft-keys"}},
    }
    quickly = {"BACKFILL_RESOURCES": "people", "BACKFILL_EVERY_SECONDS": "2", "BACKFILL_SETTLE_SECONDS": "20"}
    there = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": OUTSIDE}}}]
    return {
        "image": image,
        "source": {
            "existingSecret": {
                "name": "salesloft-keys",
                "webhookSecretKey": "envelope",
                "callbackSecretKey": "callback-secret",
            }
        },
        "config": {"UPKEEP_SECONDS": "5", "NO_HANDLER_SECONDS": "10"},
        "workers": {GROUP: {"handlers": ["shop:router"], "events": ["person.*", "note.*"], **_OURS}},
        "linkSwap": {
            "enabled": True,
            "handler": "shop:swap",
            "allowedHosts": ["links.example.com"],
            "receiver": {"replicas": 1, **_OURS},
        },
        "backfill": {"enabled": True, "config": quickly},
        "salesloftApi": {"url": API, "existingSecret": {"name": "salesloft-api"}},
        "operator": {"enabled": True, "replicas": 1, "apiUrls": [API], "config": {"OPERATOR_RESYNC_SECONDS": 5}},
        "subscriptions": [{"name": OBJECT, "spec": subscriptions}],
        "networkPolicy": {"salesloftApi": {"to": there, "ports": [80, 8010]}},
    }


def secrets() -> None:
    """What the values name."""
    for name, data in {
        "salesloft-keys": {"envelope": SECRET, "callback-secret": KEY},
        "salesloft-api": {"token": TOKEN},
    }.items():
        apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data})
    apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "handlers"}, "data": {"shop.py": CODE}})


def valkey(*command: str) -> str:
    """What the embedded server answers."""
    return kubectl("exec", VALKEY, "--", "valkey-cli", *command).strip()


def quarantined(reason: str = "missing_field") -> str:
    """Quarantine a delivery that an earlier version could not read; its name on the command line."""
    event = {"event_type": "person.created", "event_id": f"evt-{time.time()}", "created_at": "2026", "data": {"id": 1}}
    fields = {"src": "default", "dialect": "envelope", "reason": reason, "at": str(int(time.time() * 1000))}
    words = [word for field in fields.items() for word in field]
    return f"0/{valkey('XADD', QUARANTINE, '*', *words, 'body', json.dumps(event))}"


def letter() -> str:
    """A dead letter of the group that there is now."""
    found: list[str] = []

    def there() -> bool:
        found[:] = [each["letter"] for each in program("dead", "list", "--group", GROUP)["dead"]]
        return bool(found)

    wait_until(there, seconds=90, description="the group has given up on an event")
    return found[0]


def group(text: str) -> str:
    """The group of a block: one whose workers are gone where it is to be removed."""
    if "groups remove" not in text:
        return GROUP
    worker = ["salesloft-webhooks", "worker", "--group", GONE, "--ops-port", "9999"]
    script = f"import subprocess, time; p = subprocess.Popen({worker}); time.sleep(8); p.terminate(); p.wait()"
    kubectl("exec", f"deploy/{RELEASE}-worker-{GROUP}", "--", "python3", "-c", script)
    return GONE


def pod(component: str = "worker", **labels: str) -> str:
    """The name of one of its pods."""
    found = [each["metadata"] for each in pods(component)]
    return next(str(each["name"]) for each in found if labels.items() <= each["labels"].items())


@dataclass
class Incidents:
    """Everything that goes wrong, one thing after the other.

    Attributes:
        shell: Somebody's machine, outside.
        salesloft: Who sends and is asked.
        address: Where a receiver is reached from that machine.
    """

    shell: Shell
    salesloft: Simulator
    address: str

    def happen(self) -> None:
        """Let all of it happen, and wait until it can be seen."""
        self._ends()  # first: whoever is started again has lost its log
        self._deliveries()
        self._token()
        self._eviction()
        self._refusal()
        kubectl("wait", f"slsub/{OBJECT}", "--for=condition=Ready", PATIENCE)
        wait_until(lambda: GROUP in kubectl("get", "slgroup"), seconds=60, description="the groups are shown")

    def _deliveries(self) -> None:
        """Events that a group gives up on, has no handler for or tries again; forgeries, and what cannot be read."""
        for event in ("person.updated", "note.created", "person.created"):
            self._send(f"--event {event} --count 10")
        self._send("--count 20 --forgeries 1")
        quarantined()
        quarantined("unsupported_event")
        self.salesloft.ask("POST", "/changes", {"count": 10, "event": "person_updated"})
        letter()

    def _send(self, options: str) -> None:
        self.shell.paste(f"salesloft-webhooks send {self.address}/webhooks/salesloft --dialect envelope {options}")

    def _token(self) -> None:
        """The backfill's token is revoked, and allowed again."""
        self.salesloft.ask("POST", "/tokens", {"revoke": TOKEN})
        wait_until(lambda: "unauthorized" in logs("backfill"), seconds=120, description="the backfill is refused")
        self.salesloft.ask("POST", "/tokens", {"allow": TOKEN})
        wait_until(lambda: "people" in str(program("backfill", "status")), seconds=120, description="it has read on")

    def _eviction(self) -> None:
        """The server may throw keys away for a while, which is no place for events."""
        valkey("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        wait_until(lambda: "durability.degraded" in logs("receiver"), seconds=120, description="receivers say so")
        valkey("CONFIG", "SET", "maxmemory-policy", "noeviction")

    def _refusal(self) -> None:
        """The server takes no writes for a while, and a delivery that comes is refused."""
        valkey("CONFIG", "SET", "min-replicas-to-write", "1")
        self._send("--count 1 || true")
        wait_until(lambda: "delivery.refused" in logs("receiver"), seconds=60, description="receivers say so")
        valkey("CONFIG", "SET", "min-replicas-to-write", "0")

    def _ends(self) -> None:
        """Processes end and are started again: receivers, a worker, the server."""
        for name in [*receivers(), pod(**{"salesloft-webhooks/group": GROUP}), VALKEY]:
            ended(name)
        # Who has asked before the operator had subscribed takes people for unwanted, and asks again ten minutes later.
        kubectl("wait", f"slsub/{OBJECT}", "--for=condition=Ready", PATIENCE)
        kubectl("rollout", "restart", f"deployment/{RELEASE}-backfill")
        kubectl("rollout", "status", f"deployment/{RELEASE}-backfill", PATIENCE)
        for component in ("valkey", "receiver", "worker"):
            selection = f"--selector=app.kubernetes.io/component={component}"
            kubectl("wait", "pod", selection, "--for=condition=Ready", PATIENCE)


def receivers() -> list[str]:
    """The names of their pods."""
    return [str(each["metadata"]["name"]) for each in pods("receiver")]


def logs(component: str) -> str:
    """What its pods have logged since they were started."""
    return kubectl("logs", f"--selector=app.kubernetes.io/component={component}", "--tail=-1")
