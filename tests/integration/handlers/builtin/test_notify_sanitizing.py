"""What prospects write reaches chats as text: what Apprise really posts, decoded as the services do."""

import html
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import pytest
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.google_chat import NotifyGoogleChat
from apprise.plugins.slack import NotifySlack
from apprise.plugins.telegram import NotifyTelegram
from apprise.plugins.webexteams import NotifyWebexTeams

from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.settings import Settings
from tests.support import samples
from tests.support.servers import Server
from tests.support.standins.http import Answer, StandIn
from tests.support.standins.smtp import mail_server

EVIL = "<!channel> <http://evil.example|Reset> @everyone <@123> [Reset](http://evil.example) <b>b</b> &lt;!here&gt;"
SAID = f"Person {samples.PERSON_ID} replied: {EVIL}"
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general"
DISCORD = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
TELEGRAM = "tgram://123456789:alphanumeric_token-123456789012345678/12315544/"


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIn]:
    """Every chat in one: whatever is posted is taken, in the words of each."""
    ok = Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    respond = lambda request: ok if "T1JJ3T3L2" in request.path else Answer(200, {"ok": True})  # noqa: E731
    async with StandIn(respond=respond).running() as standin:
        monkeypatch.setattr(NotifyGoogleChat, "notify_url", f"{standin.url}/{{workspace}}")
        monkeypatch.setattr(NotifyWebexTeams, "notify_url", standin.url)
        monkeypatch.setattr(NotifySlack, "webhook_url", standin.url)
        monkeypatch.setattr(NotifyDiscord, "notify_url", standin.url)
        monkeypatch.setattr(NotifyTelegram, "notify_url", f"{standin.url}/bot")
        yield standin


class Tell:
    """Tells somebody of a reply, as the group does."""

    def __init__(self, valkey: Server) -> None:
        self.redis_url = valkey.url

    async def __call__(self, url: str, subject: str = EVIL, **data: Any) -> None:
        """On that channel."""
        settings = Settings.load(redis_url=self.redis_url, notify_urls=url)
        event = samples.email("email.replied", data={"subject": subject, **data}, group="notify")
        async with load_group("notify", (), settings).open(settings) as running:
            await running.handle(event)


@pytest.fixture
def tell(valkey: Server) -> Tell:
    """Tells somebody of a reply."""
    return Tell(valkey)


@pytest.mark.parametrize("options", ["", "?blocks=yes"], ids=["attachments", "blocks"])
async def test_slack_shows_the_text_itself(tell: Tell, service: StandIn, options: str) -> None:
    """Slack acts on what stands between < and >: there is none, and the escaped text is the subject to the letter."""
    await tell(SLACK + options)

    (attachment,) = service.requests[0].json["attachments"]
    text = attachment["blocks"][1]["text"]["text"] if options else attachment["text"]
    assert not set("<>") & set(text)
    assert html.unescape(text) == SAID


async def test_slack_told_to_format_gets_no_markup_either(tell: Tell, service: StandIn) -> None:
    """An address may ask for markdown."""
    await tell(SLACK + "?format=markdown")

    (attachment,) = service.requests[0].json["attachments"]
    assert not re.search(r"<[!@#]|<http|&lt;!|&lt;@", attachment["text"])


@pytest.mark.parametrize("options", ["", "?format=markdown"], ids=["text", "markdown"])
async def test_discord_rings_nobody_and_hides_no_link(tell: Tell, service: StandIn, options: str) -> None:
    """Mentions work anywhere in a text there; what would be one is broken by a space that nobody sees."""
    await tell(DISCORD + options)

    posted = service.requests[0].json
    text = "\n".join([posted.get("content") or "", *(each.get("description", "") for each in posted.get("embeds", ()))])
    assert "evil.example" in text.replace("\\", ""), "the message is there"
    assert not re.search(r"@(everyone|here)|<@|<#|\]\\?\(|<http", text)
    assert "allow_mentions" not in posted


class _Shown(HTMLParser):
    """The text a reader sees, and the tags that make it up."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: set[str] = set()
        self.feed(markup)

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        """Remember the tag."""
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        """Collect the text."""
        self.text += data


async def test_telegram_shows_the_text_itself(tell: Tell, service: StandIn) -> None:
    """Its HTML has the title in bold, and no tag of a stranger's."""
    await tell(TELEGRAM)

    posted = service.requests[-1].json
    shown = _Shown(posted["text"])
    assert posted["parse_mode"] == "HTML"
    assert shown.tags == {"b"}
    assert SAID in shown.text


@pytest.mark.parametrize(
    "url",
    ["mmost://{host}/3ccdd113474722377935511fc85d3dd4", "gchat://workspace/key/token", f"wxteams://{'a' * 80}"],
    ids=["mattermost", "google-chat", "webex"],
)
async def test_other_chats_get_no_markup(tell: Tell, service: StandIn, url: str) -> None:
    """Whatever they make of text: no link under another name, no tag, no mention."""
    await tell(url.format(host=service.url.removeprefix("http://")))

    (text,) = (value for name, value in service.requests[0].json.items() if name in {"text", "markdown"})
    assert "evil.example" in text.replace("\\", "")
    assert not re.search(r"@(everyone|here|channel|all)|<[!@#a-z]|\]\\*\(http", text)


async def test_a_mail_is_plain_text(tell: Tell) -> None:
    """Shown to the letter: no HTML in it that a stranger wrote."""
    async with mail_server() as (port, messages):
        await tell(f"mailto://127.0.0.1:{port}?from=bot@example.org&to=rep@example.org&mode=insecure")

    (message,) = messages
    assert message.get_content_type() == "text/plain"
    assert SAID in message.get_content()


async def test_data_stays_data(tell: Tell, service: StandIn) -> None:
    """Where a program reads it, the value is there unescaped, but as one visible line of bounded length."""
    await tell(f"{service.url.replace('http', 'json')}/x", EVIL)
    await tell(f"{service.url.replace('http', 'json')}/x", "a\r\nb\x00\u202ec" + "d" * 5_000)

    first, second = (request.json["message"] for request in service.requests)
    assert first == SAID
    assert second.endswith("a bc" + "d" * 195 + "…")
