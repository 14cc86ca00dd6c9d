"""Cards for Slack and Teams."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.handlers.builtin.notified import Told, reply
from tests.support import samples
from tests.support.servers import Server
from tests.support.standins.http import Answer, StandIn

PAGE = f"https://app.salesloft.com/app/people/{samples.PERSON_ID}"


@pytest.fixture
async def service() -> AsyncIterator[StandIn]:
    """A notification service that takes everything."""
    async with StandIn().running() as standin:
        yield standin


async def test_slack_gets_blocks_with_links_into_salesloft(valkey: Server, service: StandIn, tmp_path: Path) -> None:
    """An incoming webhook is told in Block Kit: what strangers wrote is plain text, only our links are markup."""
    message = {"title": "New reply", "body": "{subject}", "facts": {"Cadence": "{cadence_id}", "Status": "{status}"}}
    section = {"messages": {"email.replied": message}, "default_urls": [f"slack+{service.url}/services/x"]}

    await Told(valkey, tmp_path, section)(reply(data={"subject": "<!channel> *Hi*"}))

    (request,) = service.requests
    header, body, links = request.json["blocks"]
    assert request.path == "/services/x"
    assert header["text"] == {"type": "plain_text", "text": "New reply", "emoji": False}
    assert body["text"] == {"type": "plain_text", "text": "<!channel> *Hi*", "emoji": False}
    assert [each["text"] for each in body["fields"]] == ["Status: sent"], "a fact without a value is left out"
    assert links["elements"] == [{"type": "mrkdwn", "text": f"<{PAGE}|Person> · <{PAGE}/emails|E-mails>"}]
    assert request.json["text"] == "New reply - &lt;!channel&gt; *Hi*"


async def test_teams_gets_an_adaptive_card(valkey: Server, service: StandIn, tmp_path: Path) -> None:
    """A Workflow's webhook is told with a card: its texts are Markdown, so strangers' come without any."""
    section = {"default_urls": [f"teams+{service.url}/workflows/x?sig=secret"], "links": {"Look": "https://crm/{id}"}}

    await Told(valkey, tmp_path, section)(reply(data={"subject": "[Reset](https://evil.example) *now*"}))

    (request,) = service.requests
    (attachment,) = request.json["attachments"]
    card = attachment["content"]
    said = card["body"][0]["items"][1]["text"]
    assert request.path == "/workflows/x?sig=secret"
    assert "](" not in said
    assert "*" not in said
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Look", "url": "https://crm/812345678"}]


async def test_a_service_that_has_had_too_much_is_left_alone_as_long_as_it_says(
    valkey: Server, service: StandIn, tmp_path: Path
) -> None:
    """A 429 costs no attempt, and the message goes out after it."""
    told, event = Told(valkey, tmp_path, {"default_urls": [f"slack+{service.url}/x"]}), reply()
    service.answers.append(Answer(429, headers={"Retry-After": "17"}))

    waits = [*await told(event), *await told(event)]

    assert waits == [17.0, None]
    assert len(service.requests) == 2


async def test_a_message_without_an_answer_is_not_sent_again(valkey: Server, service: StandIn, tmp_path: Path) -> None:
    """The connection broke after it was sent: twice would be worse than once in doubt."""
    told, event = Told(valkey, tmp_path, {"default_urls": [f"slack+{service.url}/x"]}), reply()
    service.answers.append(Answer(raw=b""))

    waits = [*await told(event), *await told(event)]

    assert waits == [None, None]
    assert len(service.requests) == 1
