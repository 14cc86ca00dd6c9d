"""The runbooks of the operator's alerts: what they tell somebody to paste works, on a cluster and beside it."""

import asyncio
from pathlib import Path

import pytest

from tests.operator.pasted import Shell, needs_kubectl
from tests.operator.team import Team
from tests.support.documents import blocks
from tests.support.rules_and_dashboards import RULES, alerts_of

pytestmark = [needs_kubectl, pytest.mark.usefixtures("short_times"), pytest.mark.timeout(120)]
RELEASE, OBJECT, DESCRIBED, LISTED = "shop", "sales", "SalesloftSubscription", "WHOSE"
SHOWN = {
    "SalesloftWebhooksOperatorAbsent": {"HOLDER", "nothing was changed"},
    "SalesloftWebhooksRotationStuck": {"ROTATION", DESCRIBED, f"{RELEASE}-salesloft-webhooks-receiver restarted"},
    "SalesloftWebhooksSubscriptionsForeign": {DESCRIBED, LISTED, "ours"},
    "SalesloftWebhooksSubscriptionsIncomplete": {"2/2", DESCRIBED, "keep    person_updated"},
    "SalesloftWebhooksSubscriptionsSyncOld": {"2/2", DESCRIBED, LISTED},
}
"""What somebody sees who pastes a runbook's commands while all is well."""


async def test_what_the_runbooks_say_can_be_pasted(team: Team, tmp_path: Path) -> None:
    """Each block of each page is run as it stands, and shows the object or the subscriptions that it is about."""
    await team.given()
    team.kubernetes.install(team.namespace, {})  # the chart's objects; the operator runs here and not in a pod
    async with team.operator():
        team.declare(OBJECT)
        await team.ready()
        said = await asyncio.gather(*(pasted(Shell(team, tmp_path), alert) for alert in SHOWN))

    for alert, text in zip(SHOWN, said, strict=True):
        assert [word for word in SHOWN[alert] if word not in text] == [], f"{alert}: {text}"


def test_there_is_no_other_runbook_of_the_operators() -> None:
    """Each of its alerts is in the table of this test."""
    assert alerts_of(RULES / "operator.yaml") == SHOWN.keys()


async def pasted(shell: Shell, alert: str) -> str:
    """What all blocks of a page say, with the words filled in that are the reader's."""
    texts = []
    for block in blocks(f"docs/runbooks/{alert}.md", "sh"):
        text = block.text
        for word, meaning in {"NAMESPACE": shell.team.namespace, "OBJECT": OBJECT, "RELEASE": RELEASE}.items():
            text = text.replace(word, meaning)
        texts.append(await shell.run(text, alert))
    return "".join(texts)
