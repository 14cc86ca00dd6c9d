"""Messages as Slack and Teams take them: by Slack's published types, and by the parser that Teams shows cards with."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesloft_webhooks.broker.bundles import EVENTS_AT_MOST
from salesloft_webhooks.handlers.builtin.notify.cards import Card, Link
from salesloft_webhooks.handlers.builtin.notify.slack import slack_message
from salesloft_webhooks.handlers.builtin.notify.teams import teams_message
from tests.support.published_types import PACKAGES, THERE, type_faults

needs_packages = pytest.mark.skipif(
    not THERE or not (PACKAGES / "slack-types").exists() or not (PACKAGES / "adaptivecards").exists(),
    reason="MESSAGES ARE NOT COMPARED WITH WHAT SLACK AND TEAMS PUBLISH: run `make tools` with npm installed",
)

LINKS = (
    Link("Person", "https://app.salesloft.com/app/people/1"),
    Link("E-mails & more", "https://example.com/?a=1&b=2"),
)
FULL = Card("New reply", "Person 1 replied: <!channel> *Hello*", (("Subject", "Hello"), ("Cadence", "5")), LINKS)
CARDS: dict[str, Sequence[Card]] = {
    "full": [FULL],
    "no_facts": [Card("Title", "Body", (), LINKS)],
    "title_only": [Card("Title", "")],
    "no_title": [Card("", "Body")],
    "long": [Card("t" * 500, "b" * 5000, tuple((f"n{at}", "v" * 3000) for at in range(12)), LINKS)],
    "many": [FULL] * EVENTS_AT_MOST,
}


def blocks_of(cards: Sequence[Card]) -> list[dict[str, Any]]:
    """The blocks of Slack's message."""
    return list(slack_message(cards)["blocks"])


@needs_packages
def test_slack_messages_are_of_the_published_types(tmp_path: Path) -> None:
    """Every block is one that Slack knows, with nothing in it that it does not; a misspelt field would be seen."""
    wrong = blocks_of([FULL])
    wrong[1]["feilds"] = wrong[1].pop("fields")
    documents = {name: blocks_of(cards) for name, cards in CARDS.items()} | {"wrong": wrong}
    packages = {"@slack/types": [f"{PACKAGES}/slack-types/dist/index.d.ts"]}
    (tmp_path / "messages.ts").write_text(
        "import type { ContextBlock, HeaderBlock, SectionBlock } from '@slack/types';\n"
        "export type Blocks = Array<ContextBlock | HeaderBlock | SectionBlock>;\n",
        "utf-8",
    )

    found = type_faults(tmp_path, "import type { Blocks } from './messages'", documents, packages)

    assert {line.partition(".ts(")[0].rpartition("/")[2] for line in found if ".ts(" in line} == {"wrong"}, found


PARSER = """
const cards = require(process.argv[1]);
const found = {};
for (const [name, document] of Object.entries(JSON.parse(require('fs').readFileSync(0)))) {
  const card = new cards.AdaptiveCard(), context = new cards.SerializationContext(cards.Versions.v1_4);
  card.parse(document, context);
  found[name] = card.validateProperties().validationEvents.map((each) => each.message);
  for (let at = 0; at < context.eventCount; at++) found[name].push(context.getEventAt(at).message);
}
console.log(JSON.stringify(found));
"""


@needs_packages
def test_teams_messages_parse_without_a_remark() -> None:
    """Microsoft's own parser finds nothing unknown, missing or newer than version 1.4; what is wrong it would say."""
    documents = {name: teams_message(cards)["attachments"][0]["content"] for name, cards in CARDS.items()}
    wrong = json.loads(json.dumps(documents["full"]))
    wrong["body"][0]["items"][0]["weight"] = "Boldest"
    parser = PACKAGES / "adaptivecards" / "dist" / "adaptivecards.js"
    given = json.dumps(documents | {"wrong": wrong})

    done = subprocess.run(
        ["node", "-e", PARSER, str(parser)], input=given, capture_output=True, text=True, check=True, timeout=60
    )

    found = json.loads(done.stdout)
    assert found.pop("wrong") == ['Invalid value "Boldest" for property "weight".']
    assert found == {name: [] for name in CARDS}


TEXTS = st.text(max_size=6000)
ANY_CARD = st.builds(
    Card,
    TEXTS,
    TEXTS,
    st.lists(st.tuples(st.text(min_size=1, max_size=40), TEXTS), max_size=12).map(tuple),
    st.lists(
        st.builds(Link, st.text(min_size=1, max_size=40), st.just("https://example.com/?a=<b>|c&d")), max_size=6
    ).map(tuple),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(ANY_CARD, min_size=1, max_size=EVENTS_AT_MOST))
def test_no_message_is_over_a_limit_of_slack(cards: list[Card]) -> None:
    """Whatever is in it: lengths, fields, blocks; and only our links are markup, escaped."""
    message = slack_message(cards)

    assert len(message["blocks"]) <= 50
    assert "<" not in message["text"]
    for block in message["blocks"]:
        if block["type"] == "header":
            assert 1 <= len(block["text"]["text"]) <= 150
        elif block["type"] == "section":
            texts = [*([block["text"]] if "text" in block else []), *block.get("fields", [])]
            assert 1 <= len(texts) <= 11
            assert all(text["type"] == "plain_text" and len(text["text"]) <= 3000 for text in texts)
        else:
            (text,) = (element["text"] for element in block["elements"])
            assert text.count("<https://") == text.count("<") == text.count(">")
