"""`simulator` as a process, with a real receiver that is subscribed to it."""

import inspect
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx2
import pytest
import yaml

from salesloft_webhooks.cli.commands.simulator import simulator as simulator_command
from salesloft_webhooks.subscriptions import MasterKey
from tests.kind.outsider import IN_POD
from tests.kind.simulator import MANIFEST
from tests.support.receiver_process import PATH, ReceiverProcess
from tests.support.servers import Server
from tests.support.simulator_process import SimulatorProcess
from tests.support.waiting import wait_until

SECRET = "an-invented-callback-secret-of-some-length"
NOWHERE = "hooks.example.com"
EVENTS = ("person_created", "person_updated", "email_updated")


@pytest.fixture
def receiver(valkey: Server) -> Iterator[ReceiverProcess]:
    """A receiver that takes what is signed with tokens of `SECRET`."""
    with ReceiverProcess(valkey.url, {"SALESLOFT_CALLBACK_SECRET": SECRET, "SALESLOFT_CALLBACK_TOKEN": ""}) as process:
        yield process


@pytest.fixture
def simulator(receiver: ReceiverProcess) -> Iterator[SimulatorProcess]:
    """A SalesLoft to which the receiver's public address is known."""
    options = ("--retry-seconds=0.2", f"--connect-to={NOWHERE}=http://127.0.0.1:{receiver.port}", "--seed=3")
    with SimulatorProcess(options) as process:
        yield process


def subscribe(simulator: SimulatorProcess, event: str, secret: str = SECRET) -> int:
    """As a rotation or an operator does."""
    return simulator.subscribe(event, f"https://{NOWHERE}{PATH}", MasterKey(secret.encode()).token(event))


def test_deliveries_follow_the_subscriptions(receiver: ReceiverProcess, simulator: SimulatorProcess) -> None:
    """A load that nobody hears; then what is subscribed to arrives, verified, at the rate, and nothing is refused."""
    simulator.ask("PUT", "/load", {"rate": 100})
    wait_until(lambda: simulator.account()["changes"] > 20, description="something has happened")
    before = simulator.account()
    for event in EVENTS:
        subscribe(simulator, event)
    wait_until(lambda: simulator.account()["reached"] > 60, description="changes are delivered")
    told = simulator.settled()

    stored = receiver.metric("salesloft_webhooks_deliveries_total", outcome="stored")
    assert (before["reached"], before["deliveries"]) == (0, 0)
    assert told["answers"] == {"200": told["reached"]} == {"200": stored}
    assert (told["lost"], told["given_up"], told["refusals"]) == (0, 0, [])
    assert {name for name, each in told["events"].items() if each["reached"]} == set(EVENTS)


def test_a_change_is_in_the_list_as_it_was_delivered(simulator: SimulatorProcess) -> None:
    """Every person that the account knows is in the list, with the time that the webhook had."""
    subscribe(simulator, "person_created")
    simulator.ask("POST", "/changes", {"count": 30, "event": "person_created"})
    simulator.settled()
    changes = simulator.ask("GET", "/changes")

    rows = simulator.request("GET", "/people?per_page=100").json()["data"]
    assert {row["id"]: row["updated_at"] for row in rows} == {each["resource"]: each["updated_at"] for each in changes}
    assert {each["outcome"] for each in changes} == {"reached"}


def test_what_a_receiver_that_is_away_misses_is_counted(receiver: ReceiverProcess, simulator: SimulatorProcess) -> None:
    """Four attempts, then given up: lost is what happened meanwhile, and not what happened before and after."""
    subscribe(simulator, "note_created")
    simulator.ask("POST", "/changes", {"count": 5, "event": "note_created"})
    simulator.settled()
    receiver.kill()
    simulator.ask("POST", "/changes", {"count": 7, "event": "note_created"})
    simulator.settled()
    receiver.start()
    simulator.ask("POST", "/changes", {"count": 2, "event": "note_created"})
    told = simulator.settled()

    assert (told["reached"], told["lost"], told["answers"]) == (7, 7, {"200": 7, "none": 28})


def test_its_end_tells_what_became_of_it(simulator: SimulatorProcess) -> None:
    """SIGTERM ends it with 0, and the account is what it prints."""
    simulator.ask("POST", "/changes", {"count": 5})
    told = simulator.account()

    assert simulator.stop() == 0
    printed = json.loads(simulator.output)
    assert {name: printed[name] for name in ("changes", "events")} == {
        name: told[name] for name in ("changes", "events")
    }


def test_people_get_a_table() -> None:
    """Without --json: a line for each event type, one for all, and where it can be asked; Ctrl-C ends it."""
    command = (sys.executable, "-m", "salesloft_webhooks", "simulator", "--port=0", "--control-port=0", "--rate=200")
    environment = os.environ | {"SALESLOFT_CLIENT_ID": "an-app", "SALESLOFT_CLIENT_SECRET": "its-secret"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    addresses = process.stderr.readline()
    login = httpx2.post(
        addresses.split()[4], data={"grant_type": "client_credentials"}, auth=("an-app", "its-secret"), trust_env=False
    )
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    table, _ = process.communicate(timeout=30)

    assert login.status_code == 200
    assert process.returncode == 0
    assert table.splitlines()[0].split()[:3] == ["EVENT", "CHANGES", "REACHED"]
    assert table.splitlines()[-1].split()[0] == "all"


@pytest.mark.parametrize(
    ("options", "settings", "word"),
    [
        ((), {}, "SALESLOFT_API_TOKEN"),
        (("--connect-to=nowhere",), {"SALESLOFT_API_TOKEN": "t"}, "HOST=URL"),
        ((), {"SALESLOFT_API_TOKEN_FILE": "/nowhere/token"}, "SALESLOFT_API_TOKEN_FILE"),
    ],
    ids=["nobody to let in", "no address", "no file"],
)
def test_what_is_missing_is_said(options: tuple[str, ...], settings: dict[str, str], word: str) -> None:
    """Wrong usage: exit code 2 and the setting's or option's name."""
    command = (sys.executable, "-m", "salesloft_webhooks", "simulator", "--port=0", "--control-port=0", *options)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SALESLOFT")}
    done = subprocess.run(command, env=clean | settings, capture_output=True, text=True, check=False, timeout=30)

    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_the_manifest_runs_it() -> None:
    """The arguments of `k8s/simulator` start it, on the ports that its probe and its Service name."""
    deployment, service = yaml.safe_load_all(MANIFEST.read_text("utf-8"))
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    defaults = {each.name: each.default for each in inspect.signature(simulator_command).parameters.values()}

    with SimulatorProcess(("--host=127.0.0.1",), arguments=tuple(container["args"])) as process:
        asked = (
            sys.executable,
            IN_POD / "ask.py",
            "PUT",
            f"http://127.0.0.1:{process.control_port}/load",
            '{"rate": 0}',
        )
        account = json.loads(subprocess.run(asked, capture_output=True, check=True, timeout=30).stdout)
        code = process.stop()

    assert (account["rate"], code) == (0, 0)
    assert (ports["api"], ports["control"]) == (defaults["port"], defaults["control_port"])
    assert container["readinessProbe"]["httpGet"]["port"] == "control"
    assert [each["targetPort"] for each in service["spec"]["ports"]] == ["api"]
