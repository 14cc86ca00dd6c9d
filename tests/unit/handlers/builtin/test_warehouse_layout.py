"""Where files of the warehouse lie, what they are called, and what its section may say."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.layout import NO_DAY, folder_of, name_of

IDS = st.lists(st.text(st.characters(codec="utf-8"), max_size=4), max_size=6)


@given(IDS, IDS)
def test_names_are_equal_exactly_where_the_events_are(one: list[str], other: list[str]) -> None:
    """In any order, with repeats, and whatever characters ids have: no two sets read alike when put together."""
    assert (name_of(one) == name_of(other)) == (set(one) == set(other))


def test_the_name_of_known_ids_stays() -> None:
    """Files that older versions have written are recognised by later ones."""
    assert name_of(["b", "a"]) == name_of(["a", "b", "a"]) == "facdde7abf1eac5b301273ab2e282f79bab0100f.parquet"


@pytest.mark.parametrize(
    ("event_type", "when", "folder"),
    [
        ("person.updated", datetime(2026, 3, 7, 23, 59, tzinfo=UTC), "type=person.updated/day=2026-03-07"),
        ("a.b", datetime(2026, 3, 7, 23, tzinfo=timezone(timedelta(hours=-2))), "type=a.b/day=2026-03-08"),
        ("../a=b%", None, f"type=..%2Fa%3Db%25/day={NO_DAY}"),
    ],
)
def test_a_folder_is_the_type_and_the_day_in_utc(event_type: str, when: datetime | None, folder: str) -> None:
    """Whatever the type is made of, it is one folder below `events`."""
    assert folder_of(event_type, when) == f"events/{folder}"


@pytest.mark.parametrize(
    "section",
    [
        {},
        {"url": "warehouse"},
        {"url": "file://warehouse"},
        {"url": "s3:///prefix"},
        {"url": "s3://key:secret@bucket"},
        {"url": "s3://bucket?region=x"},
        {"url": "http://bucket"},
        {"url": "s3://b", "s3": {"access_key": "a"}},
        {"url": "s3://b", "s3": {"access_key": "a", "secret_key": "b", "role_arn": "arn:aws:iam::1:role/x"}},
        {"url": "s3://b", "s3": {"endpoint": "https://user:password@host"}},
        {"url": "gs://b", "s3": {"region": "eu-central-1"}},
        {"url": "s3://b", "gcs": {"anonymous": True}},
        {"url": "gs://b", "gcs": {"endpoint": "http://host"}},
        {"url": "gs://b", "gcs": {"endpoint": "https://user:password@host"}},
        {"url": "s3://b", "max_events": 0},
        {"url": "s3://b", "compaction_hours": -1},
        {"url": "s3://b", "events": []},
    ],
)
def test_what_cannot_work_is_refused(section: dict[str, Any]) -> None:
    """Addresses without a scheme or with credentials, and credentials by halves."""
    with pytest.raises(ValidationError):
        WarehouseConfiguration.model_validate(section)


def test_secrets_are_not_shown() -> None:
    """Neither key is in what the section looks like."""
    section = {"url": "s3://b", "s3": {"access_key": "AKIA-one", "secret_key": "the-secret"}}

    shown = repr(WarehouseConfiguration.model_validate(section))

    assert "AKIA-one" not in shown
    assert "the-secret" not in shown
