"""The console as a pod of a release: it answers who shows a token, through its policy, and sees what comes."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.kind.cluster import NAMESPACE, OUTSIDE, RELEASE, Release, apply, kubectl, wait_until_handled
from tests.kind.outsider import Sender, Stranger, script
from tests.support.waiting import wait_until

TOKEN = "correct-horse-battery-staple-of-a-length"
CONSOLE = f"{RELEASE}-console.{NAMESPACE}.svc"
VALUES = {
    "console": {"enabled": True, "auth": "token", "tokens": {"existingSecret": "tokens"}},
    "networkPolicy": {
        "console": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": OUTSIDE}}}],
    },
}


@pytest.fixture(scope="module")
def console(release: Release) -> Iterator[Stranger]:
    """Somebody whom the console's policy lets in, and who knows a token."""
    row = f"robin:view:{hashlib.sha256(TOKEN.encode()).hexdigest()}\n"
    apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tokens"}, "stringData": {"tokens": row}})
    release.install(VALUES)
    with Stranger(OUTSIDE) as stranger:
        yield stranger
    kubectl("delete", "secret", "tokens")


def read(path: str, token: str = TOKEN) -> str:
    """What the stranger is answered; nothing where that is a refusal."""
    command = script("ask", "GET", f"http://{CONSOLE}{path}", "", token)
    return kubectl("exec", "stranger", "--", *command, namespace=OUTSIDE, check=False)


@pytest.mark.usefixtures("console")
def test_a_page_is_opened_by_who_has_a_token() -> None:
    """The list of groups comes with its style sheet; without the right token nothing does."""
    page = read("/groups")

    assert read("/groups", token="another") == ""
    assert 'href="/groups/activity"' in page
    sheet = re.search(r'rel="stylesheet" href="([^"]+)"', page)
    assert sheet
    assert "color-scheme" in read(sheet[1])


@pytest.mark.usefixtures("console")
def test_what_comes_is_seen() -> None:
    """A person's latest deliveries are found, and the page of one has its data, masked."""
    with Sender(rate=5):
        wait_until(lambda: bool(events()), seconds=60, description="the console shows what has come")
    wait_until_handled()

    page = read(f"/events/{events()[0]['event_id']}")
    assert "first_name" in page
    assert "Robin" not in page


@pytest.mark.usefixtures("console")
def test_whom_the_policy_does_not_name_has_no_way_in() -> None:
    """A pod of another namespace is none of the console's peers; the same pod reaches the receiver."""
    with Stranger("default") as stranger:
        assert not stranger.reaches(CONSOLE, 80)
        assert stranger.reaches(f"{RELEASE}-receiver.{NAMESPACE}.svc", 80)


def events() -> list[dict[str, Any]]:
    """The latest events of one person, as the console's page for programs has them."""
    answer = read("/api/v1/events?person=1")
    return list(json.loads(answer)["rows"]) if answer else []
