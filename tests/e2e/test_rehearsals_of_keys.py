"""docs/operations.md, "Rotate keys", rehearsed under load.

Two receivers, each with a mounted Secret of its own: the kubelets of two nodes are never in step.
"""

import hashlib
import hmac
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.effects import activity_worker, await_finished, recorded
from tests.e2e.load import PATIENCE_SECONDS, Load, call, load_on
from tests.e2e.mounted import MountedSecret
from tests.support.http_client import request
from tests.support.receiver_process import PATH, ReceiverProcess, native_headers, signed_headers
from tests.support.servers import Server
from tests.support.waiting import wait_until

OLD, NEW = "the-key-of-yesterday-0001", "the-key-of-tomorrow-00002"

pytestmark = pytest.mark.timeout(180)


ENVELOPE, NATIVE = "webhook-secret", "callback-secret"
OTHER = "some-key-of-another-kind"
EVENT_NAME = "cadence_membership_updated"


class Pod(ReceiverProcess):
    """A receiver and its mounted Secret."""

    secret: MountedSecret


@pytest.fixture
def pods(own_server: Server, tmp_path: Path) -> Iterator[list[Pod]]:
    """Two receivers that accept OLD only, in both dialects."""
    own_server.start()
    with ExitStack() as stack:
        pods = []
        for number in range(2):
            pod = Pod(own_server.url)
            pod.secret = MountedSecret(tmp_path / f"keys-{number}", **{ENVELOPE: OLD, NATIVE: OTHER})
            pod.settings["SALESLOFT_WEBHOOK_SECRET"] = pod.settings["SALESLOFT_CALLBACK_TOKEN"] = ""
            pod.settings["SALESLOFT_WEBHOOK_SECRET_FILE"] = pod.secret.path(ENVELOPE)
            pod.settings["SALESLOFT_CALLBACK_SECRET_FILE"] = pod.secret.path(NATIVE)
            pods.append(stack.enter_context(pod))
        yield pods


def carry_out(pods: list[Pod], load: Load, **entries: str) -> None:
    """Change the Secret; it reaches the second pod while the first one works with it already."""
    for pod in pods:
        pod.secret.update(**entries)
        load.await_more()


def enveloped(secret: str) -> Callable[[str], bytes]:
    """Deliveries of the envelope dialect, signed with this."""

    def request_of(event_id: str) -> bytes:
        body = call(event_id)
        return request("POST", PATH, signed_headers(body, secret=secret), body)

    return request_of


def subscribed(secret: str) -> Callable[[str], bytes]:
    """Deliveries of a subscription whose callback token was derived from this.

    Half of the resources have no time, so that the id is made from the content; all quote the subscription's token.
    """
    token = hmac.new(secret.encode(), EVENT_NAME.encode(), hashlib.sha256).hexdigest()

    def request_of(event_id: str) -> bytes:
        resource = {"id": event_id, "callback_token": token}
        if event_id.endswith(tuple("13579")):
            resource["updated_at"] = "2026-03-07T04:26:14.444910-05:00"
        body = json.dumps(resource).encode()
        return request("POST", PATH, native_headers(body, EVENT_NAME, token), body)

    return request_of


def matches(pods: list[Pod], dialect: str, key: int) -> float:
    """What the expression of the procedure sums up, from the metrics ports of all receivers."""
    name = "salesloft_webhooks_signature_matches_total"
    return sum(pod.metric(name, dialect=dialect, key=str(key)) for pod in pods)


def sends(pod: Pod) -> bool:
    """Whether ``salesloft-webhooks send`` succeeds in the pod: it signs with the first key of the pod's file."""
    program = [sys.executable, "-m", "salesloft_webhooks", "send", f"http://127.0.0.1:{pod.port}{PATH}"]
    program += ["--dialect", "envelope", "--event", "call.completed"]
    return subprocess.run(program, env=os.environ | pod.settings, capture_output=True, check=False).returncode == 0


def await_unused(pods: list[Pod], load: Load, dialect: str) -> None:
    """Step 3's condition: deliveries go on, and none of them is counted for the second key any more."""

    def unused() -> bool:
        old, new = matches(pods, dialect, 1), matches(pods, dialect, 0)
        load.await_more()
        assert matches(pods, dialect, 0) > new
        return matches(pods, dialect, 1) == old

    wait_until(unused, seconds=PATIENCE_SECONDS, description="nobody uses the old key")


def await_answer(pods: list[Pod], raw: bytes, status: int) -> None:
    """Return when every pod answers so."""
    wait_until(
        lambda: all(pod.send(raw).status == status for pod in pods),
        seconds=PATIENCE_SECONDS,
        description=f"every pod answers {status}",
    )


def test_the_envelope_secret_is_rotated_without_a_refusal(pods: list[Pod]) -> None:
    """NEW,OLD on every pod, then the sender, then NEW alone: no 401, no restart, the metric tells, and OLD is out."""
    with load_on(*pods, request=enveloped(OLD)) as load:
        carry_out(pods, load, **{ENVELOPE: f"{NEW},{OLD}", NATIVE: OTHER})
        await_answer(pods, enveloped(NEW)("first"), 200)
        assert all(map(sends, pods))
        before = matches(pods, "envelope", 1)
        load.await_more()
        assert matches(pods, "envelope", 1) > before, "the metric does not show that OLD is in use"

        load.request = enveloped(NEW)
        await_unused(pods, load, "envelope")
        carry_out(pods, load, **{ENVELOPE: NEW, NATIVE: OTHER})
        await_answer(pods, enveloped(OLD)("late"), 401)
        load.await_more()

    assert set(load.answers) == {200}


def test_native_keys_are_rotated_with_every_event_handled_once(
    pods: list[Pod], own_server: Server, tmp_path: Path
) -> None:
    """While the first and the second subscription deliver the same events, each is handled once and none refused."""
    database = tmp_path / "effects.db"
    worker = activity_worker(own_server.url, database)
    for pod in pods:
        pod.secret.update(**{ENVELOPE: OTHER, NATIVE: OLD})
    await_answer(pods, subscribed(OLD)("first"), 200)
    with ExitStack() as stack:
        stack.callback(worker.kill)
        worker.start()
        with load_on(*pods, request=subscribed(OLD)) as first:
            carry_out(pods, first, **{ENVELOPE: OTHER, NATIVE: f"{NEW},{OLD}"})
            await_answer(pods, subscribed(NEW)("first"), 200)
            second = stack.enter_context(load_on(*pods, request=subscribed(NEW)))
            second.await_more()
            first.await_more()
        await_unused(pods, second, "native")
        carry_out(pods, second, **{ENVELOPE: OTHER, NATIVE: NEW})
        await_answer(pods, subscribed(OLD)("first"), 401)
        second.await_more()
        second.stop()
        await_finished(own_server, "activity")
        handled = worker.metric("salesloft_webhooks_attempts_total", outcome="done")

    resources = [event_id.split("/")[1] for event_id in recorded(database)]
    assert sorted(resources) == sorted({"first", *first.accepted, *second.accepted})
    assert handled == len(resources)
    assert set(first.answers) == set(second.answers) == {200}
    duplicates = sum(pod.metric("salesloft_webhooks_deliveries_total", outcome="duplicate") for pod in pods)
    assert duplicates >= len(set(first.accepted) & set(second.accepted)) > 0
