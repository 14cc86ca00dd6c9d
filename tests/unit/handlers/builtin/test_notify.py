"""What is said, and when nobody is told anything."""

from datetime import UTC, datetime, time

import pytest

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.builtin.configuration import QuietHours, Template
from salesloft_webhooks.handlers.builtin.notify.channels import AppriseChannel
from salesloft_webhooks.handlers.builtin.notify.quiet_hours import seconds_until_quiet_hours_end
from salesloft_webhooks.handlers.builtin.notify.templates import rendered, template_for
from tests.support import samples

NIGHT = QuietHours(start=time(22), end=time(7), zone="Europe/Berlin")
LUNCH = QuietHours(start=time(12), end=time(13))


@pytest.mark.parametrize(
    ("hours", "now", "seconds"),
    [
        (None, datetime(2026, 3, 7, 12, 30, tzinfo=UTC), 0),
        (LUNCH, datetime(2026, 3, 7, 11, 59, 59, tzinfo=UTC), 0),
        (LUNCH, datetime(2026, 3, 7, 12, 0, tzinfo=UTC), 3600),
        (LUNCH, datetime(2026, 3, 7, 13, 0, tzinfo=UTC), 0),
        (NIGHT, datetime(2026, 3, 7, 21, 30, tzinfo=UTC), 8.5 * 3600),
        (NIGHT, datetime(2026, 3, 8, 5, 59, tzinfo=UTC), 60),
        (NIGHT, datetime(2026, 3, 8, 6, 0, tzinfo=UTC), 0),
        (NIGHT, datetime(2026, 3, 28, 22, 0, tzinfo=UTC), 7 * 3600),
        (QuietHours(start=time(9), end=time(9)), datetime(2026, 3, 7, 9, 0, tzinfo=UTC), 0),
    ],
    ids=[
        "none",
        "just-before",
        "begins",
        "ends",
        "evening",
        "morning",
        "over",
        "night-of-the-change-to-summer-time",
        "empty",
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(hours: QuietHours | None, now: datetime, seconds: float) -> None:
    """Also over midnight, and in the night that is an hour shorter."""
    assert seconds_until_quiet_hours_end(hours, now) == seconds


def test_a_template_is_filled_in_from_event_and_data() -> None:
    """Unknown and empty places become nothing; only names are looked up, never attributes."""
    event = samples.email("email.replied", data={"subject": "Offer {person_id}", "body": None})

    text = rendered("{person_id} {subject}|{body}|{nothing}|{counts}|{data.__class__}", event)

    assert text == "164510523 Offer {person_id}||||{data.__class__}"


def test_the_first_template_that_matches_is_used() -> None:
    """Names before globs, if written so."""
    templates = {"email.replied": Template(title="reply"), "email.*": Template(title="mail")}

    assert template_for("email.replied", templates) == Template(title="reply")
    assert template_for("email.opened", templates) == Template(title="mail")
    assert template_for("call.completed", templates) is None


def test_an_address_apprise_does_not_know_is_refused_without_showing_it() -> None:
    """The worker says at its start which kind of address is wrong, not its secret."""
    with pytest.raises(ConfigurationError) as caught:
        AppriseChannel("nosuchservice://token@host")

    assert "token" not in str(caught.value)
