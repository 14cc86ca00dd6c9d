"""Any field of SalesLoft's person becomes what a CRM's field takes, and nothing is guessed."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.builtin.configuration.crm import FieldTarget, FieldType
from salesloft_webhooks.handlers.builtin.crm.contacts import contact_of
from salesloft_webhooks.handlers.builtin.crm.field_mapping import FieldMapping
from salesloft_webhooks.handlers.builtin.crm.field_values import Misfit, as_json, as_text, converted
from tests.support import samples


def written(fields: dict[str, str | FieldTarget], **data: Any) -> dict[str, Any]:
    """What these fields come to for a person with this data."""
    mapping = FieldMapping(fields, bounced=None, deleted=None)
    return mapping.of(contact_of(samples.person(data=data)))


@pytest.mark.parametrize(
    ("field_type", "value", "expected"),
    [
        ("text", "Robin", "Robin"),
        ("text", 17, "17"),
        ("text", True, "true"),
        ("number", "17", 17),
        ("number", " -1.50 ", -1.5),
        ("number", 2.5, 2.5),
        ("boolean", "Yes", True),
        ("boolean", 0, False),
        ("boolean", False, False),
        ("date", "2026-03-07", date(2026, 3, 7)),
        ("date", "2026-03-07T22:00:00-05:00", date(2026, 3, 7)),
        ("date", 1772834774, date(2026, 3, 6)),
        ("date", "Sat, 07 Mar 2026 23:00:00 -0500", date(2026, 3, 7)),
        ("date", "20260307T230000-0500", date(2026, 3, 7)),
        ("date", "20260307", date(2026, 3, 7)),
        ("datetime", "2026-03-07T22:00:00-05:00", datetime(2026, 3, 8, 3, tzinfo=UTC)),
        ("choices", ["a", " b ", "a", ""], ("a", "b")),
        ("choices", "a; b", ("a", "b")),
        ("choices", 7, ("7",)),
    ],
)
def test_values_are_converted(field_type: FieldType, value: Any, expected: Any) -> None:
    """As SalesLoft, or somebody who typed into a custom field, writes them."""
    assert converted(value, field_type) == expected
    assert type(converted(value, field_type)) is type(expected)


@pytest.mark.parametrize(
    ("field_type", "value"),
    [
        ("text", ["a"]),
        ("text", {"id": 1}),
        ("number", "1,234"),
        ("number", "17 people"),
        ("number", True),
        ("number", "٣"),
        ("boolean", "perhaps"),
        ("boolean", 2),
        ("date", "2026-02-30"),
        ("date", "03/07/2026"),
        ("date", "2026-03-07 foo"),
        ("date", "2026-03-07abc"),
        ("number", 10**400),
        ("datetime", "tomorrow"),
        ("datetime", ["2026-03-07"]),
        ("choices", ["a;b"]),
        ("choices", {"a": 1}),
        ("choices", [["a"]]),
    ],
)
def test_what_does_not_fit_is_not_guessed(field_type: FieldType, value: Any) -> None:
    """3/7 is one day here and another there, and 1,234 is a thousand or one and a bit."""
    with pytest.raises(Misfit):
        converted(value, field_type)


@pytest.mark.parametrize("field_type", ["text", "number", "boolean", "date", "datetime", "choices"])
def test_a_number_without_end_fits_nowhere(field_type: FieldType) -> None:
    """JSON has such numbers, and Python refuses to write them as text: that is no crash."""
    with pytest.raises(Misfit):
        converted(10**5000, field_type)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (2.5, "2.5"),
        (date(2026, 3, 7), "2026-03-07"),
        (datetime(2026, 3, 7, 9, 26, 14, 444910, tzinfo=UTC), "2026-03-07T09:26:14.444Z"),
        (("a", "b"), "a;b"),
    ],
)
def test_values_are_written(value: Any, text: str) -> None:
    """Both as JSON and as text, the form that CRMs document."""
    assert as_text(value) == text
    assert as_json(value) == (value if isinstance(value, bool | float) or value is None else text)


def test_any_field_of_a_person_can_be_mapped() -> None:
    """Standard ones, those of references, and custom ones whose names have dots and blanks."""
    fields: dict[str, str | FieldTarget] = {
        "title": "jobtitle",
        "job_seniority": "seniority",
        "person_stage.id": FieldTarget(to="stage", type="number"),
        "tags": FieldTarget(to="tags", type="choices"),
        "custom_fields.Size (approx.)": FieldTarget(to="size", type="number"),
    }

    values = written(
        fields,
        title="Rep",
        job_seniority="vp",
        person_stage={"id": 7},
        tags=["a", "b"],
        custom_fields={"Size (approx.)": "40"},
    )

    assert values == {"jobtitle": "Rep", "seniority": "vp", "stage": 7, "tags": ("a", "b"), "size": 40}


def test_only_what_is_to_be_cleared_is_cleared() -> None:
    """Where SalesLoft says that it has nothing, and never where the event says nothing about the field."""
    cleared = {"title": FieldTarget(to="jobtitle", clear=True), "custom_fields.hobby": FieldTarget(to="h", clear=True)}

    assert written({"title": "jobtitle", "phone": "phone"}, title=None, phone=" ") == {}
    assert written({**cleared}, title="", custom_fields={"other": "x"}) == {"jobtitle": None, "h": None}
    assert written({**cleared}) == {"jobtitle": "Sales Development Representative"}
    assert written({"person_stage.id": FieldTarget(to="stage", clear=True)}, person_stage=None) == {"stage": None}


@pytest.mark.parametrize("value", [[""], " ; ", [" "], ";"])
def test_choices_that_come_to_none_are_nothing(value: Any) -> None:
    """What is entered in the CRM is wiped only where that is asked for."""
    assert written({"tags": FieldTarget(to="tags", type="choices")}, tags=value) == {}
    assert written({"tags": FieldTarget(to="tags", type="choices", clear=True)}, tags=value) == {"tags": None}


def test_text_that_no_crm_takes_is_nothing() -> None:
    """A character that is dropped everywhere is all there is."""
    assert written({"job_function": "f", "title": "t"}, job_function="\0", title="\0") == {}


@pytest.mark.parametrize("value", [{"x": 1}, ["x"]], ids=["object", "list"])
def test_a_value_of_a_wrong_type_does_not_pass_for_nothing(value: Any) -> None:
    """Under our names, too: it does not fit, and clears nothing."""
    with capture_logs() as logs:
        assert written({"title": FieldTarget(to="jobtitle", clear=True)}, title=value) == {}

    assert [log["fields"] for log in logs] == [["jobtitle"]]


def test_a_value_that_does_not_fit_leaves_out_its_field_alone() -> None:
    """The log says which fields, and never the value."""
    with capture_logs() as logs:
        values = written(
            {"title": "jobtitle", "custom_fields.since": FieldTarget(to="since", type="date", clear=True)},
            custom_fields={"since": "geheim"},
        )

    assert values == {"jobtitle": "Sales Development Representative"}
    assert [(log["event"], log["count"], log["fields"]) for log in logs] == [("crm.misfit", 1, ["since"])]
    assert "geheim" not in str(logs)


def test_the_owner_is_written_where_one_is_known() -> None:
    """And left alone where none is."""
    mapping = FieldMapping({}, bounced=None, deleted=None, owner="owner_id")
    person = contact_of(samples.person())

    assert mapping.of(person, "17") == {"owner_id": "17"}
    assert mapping.of(person) == {}
    assert mapping.names == ("owner_id",)


@pytest.mark.parametrize(
    "fields",
    [
        {"tilte": "jobtitle"},
        {"custom_field.x": "x"},
        {"title": "jobtitle", "job_function": "jobtitle"},
        {"person_stage": "stage"},
        {"custom_fields": "all"},
        {"custom_fields.": "none"},
        {"cadences": "cadences"},
        {"first_name.x": "x"},
        {"title.y": "y"},
    ],
    ids=[
        "misspelt",
        "misspelt-custom",
        "twice",
        "object",
        "custom-object",
        "no-name",
        "objects",
        "in-text",
        "in-title",
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(fields: dict[str, str | FieldTarget]) -> None:
    """A name that SalesLoft's persons do not have would write nothing, for ever; and one target takes one value."""
    with pytest.raises(ConfigurationError, match=r"crm"):
        FieldMapping(fields, bounced=None, deleted=None)
