"""What cards say, where their links lead, which service an address is, and when a digest is due."""

from datetime import UTC, datetime, time
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.builtin.configuration import Digest, NotifyConfiguration, Template
from salesloft_webhooks.handlers.builtin.notify.cards import Card, Link
from salesloft_webhooks.handlers.builtin.notify.channels import channel_for
from salesloft_webhooks.handlers.builtin.notify.digests import next_digest
from salesloft_webhooks.handlers.builtin.notify.templates import address_of, card_for
from tests.support import samples

BERLIN = Digest(at=(time(9), time(16)), zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        (datetime(2026, 3, 9, 7, 59, tzinfo=UTC), datetime(2026, 3, 9, 8, tzinfo=UTC)),
        (datetime(2026, 3, 9, 8, tzinfo=UTC), datetime(2026, 3, 9, 15, tzinfo=UTC)),
        (datetime(2026, 3, 9, 15, tzinfo=UTC), datetime(2026, 3, 10, 8, tzinfo=UTC)),
        (datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 3, 29, 7, tzinfo=UTC)),
        (datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 8, tzinfo=UTC)),
    ],
    ids=["before", "at-the-time", "tomorrow", "into-summer-time", "out-of-summer-time"],
)
def test_a_digest_is_due_by_the_clock_on_the_wall(moment: datetime, due: datetime) -> None:
    """What comes at its very time waits for the next one."""
    assert next_digest(BERLIN, moment) == due


def test_a_time_that_the_change_leaves_out_is_an_hour_later() -> None:
    """Nobody is left without a digest on that day."""
    digest = Digest(at=(time(2, 30),), zone="Europe/Berlin")

    due = next_digest(digest, datetime(2026, 3, 28, 20, tzinfo=UTC))

    assert due.astimezone(ZoneInfo("Europe/Berlin")).strftime("%d %H:%M") == "29 03:30"


def test_what_lacks_a_value_is_left_out() -> None:
    """A fact without one and a link that needs one; what is there stands in the order of the template."""
    template = Template(title="New", body="{subject}", facts={"A": "{status}", "B": "{nothing}", "C": " {nothing} "})
    links = {"Person": "https://x/{person_id}", "Nobody": "https://x/{nothing}"}

    card = card_for(template, links, samples.email("email.replied"))

    assert card == Card("New", "Hello", (("A", "sent"),), (Link("Person", f"https://x/{samples.PERSON_ID}"),))
    assert card.as_text() == f"Hello\nA: sent\nPerson: https://x/{samples.PERSON_ID}"


@given(st.text(max_size=300))
def test_a_stranger_cannot_lead_a_link_elsewhere(subject: str) -> None:
    """Whatever a value is: host and path before it stay, and nothing in the address is markup."""
    event = samples.email("email.replied", data={"subject": subject})

    address = address_of("https://app.example.com/look/{subject}?by=us", event)

    assert address is not None
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc, parts.query) == ("https", "app.example.com", "by=us")
    assert parts.path.startswith("/look/")
    assert parts.path.count("/") == 2
    assert not set(address) & set("<>|\"' \n")


@pytest.mark.parametrize(
    ("address", "scheme", "cards"),
    [
        ("https://hooks.slack.com/services/T/B/x", "slack", True),
        ("https://hooks.slack-gov.com/services/T/B/x", "slack", True),
        ("https://prod-1.westus.logic.azure.com:443/workflows/x/triggers?sig=s", "teams", True),
        ("https://x.webhook.office.com/webhookb2/x", "teams", True),
        ("slack+http://relay.internal/x", "slack", True),
        ("teams+https://relay.internal/x", "teams", True),
        ("json://localhost/hooks.slack.com/", "json", False),
        ("slack://TokenA/TokenB/TokenC", "slack", False),
    ],
)
def test_an_address_tells_its_service(address: str, scheme: str, *, cards: bool) -> None:
    """Webhooks as Slack and Teams show them take cards, what Apprise alone knows takes text."""
    channel = channel_for(address)

    assert (channel.scheme, channel.has_cards) == (scheme, cards)
    assert "TokenA" not in channel.name


@pytest.mark.parametrize("address", ["https://hooks.slack.com.evil.example/x", "https://evil.example/hooks.slack.com/"])
def test_a_host_that_only_looks_like_one_is_refused(address: str) -> None:
    """A message goes to nobody by mistake, and the address is not shown."""
    with pytest.raises(ConfigurationError) as caught:
        channel_for(address)

    assert "evil" not in str(caught.value)


def test_reps_are_ids_or_addresses() -> None:
    """Either, in one mapping; something else is a mistake."""
    urls = {"urls": ["json://localhost"]}

    known = NotifyConfiguration.model_validate({"reps": {51550: urls, "7": urls, "robin@example.com": urls}})

    assert set(known.reps) == {51550, 7, "robin@example.com"}
    assert known.knows_by_email
    with pytest.raises(ValueError, match="reps"):
        NotifyConfiguration.model_validate({"reps": {"robin": urls}})
