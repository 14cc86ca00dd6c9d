"""The built-in groups that call other people's systems hold out for more than an hour."""

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesloft_webhooks.handlers.loading import LoadedGroup, load_group
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.worker.backoff import Backoff

PAGE = Path(__file__).parents[4] / "docs" / "handlers.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FILES: dict[str, list[dict[str, Any]]] = {
    "crm": [
        {"crm": {"backend": "http", "url": "https://crm.example.com"}},
        {"crm": {"backend": "hubspot", "token": "pat"}},
        {"crm": {"backend": "salesforce", "login_url": "https://a.example", "client_id": "i", "client_secret": "s"}},
    ],
    "notify": [{}],
    "forward-billing": [{"forward": {"billing": {"url": "https://hooks.example.com", "secrets": [SECRET]}}}],
}
TYPES = {"crm": ["person.updated", "email.bounced"], "notify": ["email.replied"], "forward-billing": ["call.completed"]}
GROUPS = [
    pytest.param(group, content, event_type, id=f"{content.get('crm', {}).get('backend', group)}-{event_type}")
    for group, contents in FILES.items()
    for content in contents
    for event_type in TYPES[group]
]


def loaded(tmp_path: Path, group: str, content: object) -> tuple[LoadedGroup, Settings]:
    """The group with that handlers file."""
    file = tmp_path / "handlers.yaml"
    file.write_text(yaml.safe_dump(content))
    chosen = Settings.load(handlers_file=file)
    return load_group(group, (), chosen), chosen


def schedule(group: LoadedGroup, settings: Settings, event_type: str) -> tuple[Backoff, int]:
    """The back-off and the number of attempts that the worker would use."""
    policy = group.policy(event_type)
    backoff = Backoff(
        policy.backoff_base_seconds or settings.backoff_base_seconds,
        policy.backoff_cap_seconds or settings.backoff_cap_seconds,
    )
    return backoff, policy.max_attempts or settings.max_attempts


@pytest.mark.parametrize(("group", "content", "event_type"), GROUPS)
def test_attempts_span_more_than_an_hour(tmp_path: Path, group: str, content: object, event_type: str) -> None:
    """From the first to the last, in 99 of 100 cases, jitter included; on average as long as the page says."""
    backoff, attempts = schedule(*loaded(tmp_path, group, content), event_type)
    random.seed(7)

    spans = sorted(sum(backoff.delay_seconds(attempt) for attempt in range(1, attempts)) for _ in range(4_000))

    assert spans[len(spans) // 100] > 3_600
    mean = sum(min(backoff.cap_seconds, backoff.base_seconds * 2**n) / 2 for n in range(attempts - 1)) / 60
    assert f"{attempts} attempts" in PAGE.read_text()
    assert f"{mean:.0f} minutes on average" in PAGE.read_text()


@pytest.mark.parametrize(("group", "content", "event_type"), GROUPS)
def test_what_is_set_by_hand_stays(
    tmp_path: Path, group: str, content: object, event_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The general settings override these defaults where somebody has set them."""
    monkeypatch.setenv("MAX_ATTEMPTS", "3")
    monkeypatch.setenv("BACKOFF_CAP_SECONDS", "7")
    found = loaded(tmp_path, group, content)

    backoff, attempts = schedule(*found, event_type)

    assert (attempts, backoff.cap_seconds) == (3, 7)


def test_a_group_that_calls_nobody_keeps_the_general_default(tmp_path: Path) -> None:
    """A contact in our own database: the database's outages pause, and everything else is our own mistake."""
    _, attempts = schedule(*loaded(tmp_path, "crm", {}), "person.updated")

    assert attempts == Settings.load().max_attempts
