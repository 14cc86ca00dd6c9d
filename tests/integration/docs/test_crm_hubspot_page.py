"""The page about HubSpot leads to contacts and engagements."""

import asyncio
import subprocess
from pathlib import Path

import pytest
import yaml

from salesloft_webhooks.handlers.builtin.configuration import load_configuration
from salesloft_webhooks.handlers.builtin.configuration.crm import LOGGABLE, ActivityKind, HubSpotCrm
from salesloft_webhooks.handlers.builtin.crm.contacts import contact_of
from salesloft_webhooks.handlers.builtin.crm.hubspot import HubSpotContacts
from salesloft_webhooks.handlers.builtin.crm.hubspot_engagements import ENGAGEMENTS
from salesloft_webhooks.handlers.builtin.crm.logged_activities import activity_of
from salesloft_webhooks.outgoing_http import open_client
from salesloft_webhooks.settings import Settings
from tests.integration.cli.examined import Doctor
from tests.support import samples
from tests.support.documents import blocks, read
from tests.support.servers import Server
from tests.support.standins.hubspot import TOKEN, HubSpot

PAGE = "docs/crm_hubspot.md"
MAKING, LOOKING = (block.text for block in blocks(PAGE, "sh"))
(SECTION,) = (block.text for block in blocks(PAGE, "yaml"))
MADE = {"contacts": "salesloft_person_id", **dict.fromkeys(("calls", "emails", "meetings"), "salesloft_activity_id")}


async def make_properties(standin: HubSpot, folder: Path) -> None:
    """Paste the page's commands for each kind, and make the account's other properties."""
    (folder / "hubspot-token").write_text(TOKEN)
    for kind, name in MADE.items():
        text = MAKING.replace("https://api.hubapi.com", standin.url)
        text = text.replace("KIND=contacts", f"KIND={kind}").replace("NAME=salesloft_person_id", f"NAME={name}")
        ran = await asyncio.to_thread(
            subprocess.run, ["bash", "-euc", text], cwd=folder, capture_output=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
    for name in ("renewal_date", "salesloft_tags"):
        standin.properties[name] = False


async def test_the_page_leads_to_a_contact(tmp_path: Path, valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Properties made by its commands, the section as it stands, `doctor` content, a person and a mail in HubSpot."""
    monkeypatch.setenv("HUBSPOT_TOKEN", TOKEN)
    monkeypatch.setenv("SALESLOFT_API_TOKEN", "ak-an-invented-api-token")
    file = tmp_path / "handlers.yaml"
    async with HubSpot().running() as standin:
        del standin.properties["salesloft_person_id"]
        for unique in standin.unique.values():
            unique &= {"email"}
        file.write_text(f"{SECTION}  base_url: {standin.url}\n")
        words = LOOKING.split()
        given = dict(word.split("=") for word in words if "=" in word) | {"HANDLERS_FILE": str(file)}
        doctor, role = Doctor(tmp_path, valkey), words[-1]
        before = await asyncio.to_thread(doctor.finds, role, "crm.fields", **given)
        await make_properties(standin, tmp_path)
        after = await asyncio.to_thread(doctor.finds, role, "crm.fields", **given)
        crm = load_configuration(Settings.load(handlers_file=file)).crm
        assert isinstance(crm, HubSpotCrm)
        async with open_client(timeout_seconds=5) as client:
            backend = HubSpotContacts(crm, client)
            custom = {"custom_fields": {"Renewal": "2027-01-31"}, "tags": ["a", "b"], "title": None}
            await backend.save(contact_of(samples.person(data=custom)))
            await backend.log(activity_of(samples.email("email.sent")))

    assert (before[0][0], "salesloft_activity_id of calls does not exist" in before[0][1]) == ("problem", True)
    assert after[0][0] == "ok"
    (contact,) = standin.records["contacts"].values()
    assert (contact["renewal_date"], contact["salesloft_tags"], contact["jobtitle"]) == ("2027-01-31", "a;b", "")
    assert contact["hubspot_owner_id"] == "700"
    assert len(standin.records["emails"]) == 1


def test_the_page_knows_every_event_and_association() -> None:
    """What can be logged, and by which of HubSpot's types it is associated."""
    rows = [line for line in read(PAGE).splitlines() if line.startswith("| `")]
    for event_type, kind in LOGGABLE.items():
        (row,) = [row for row in rows if f"`{event_type}`" in row.split("|")[1]]
        assert f"| {ENGAGEMENTS[ActivityKind(kind)].association} |" in row
        assert f"`{ENGAGEMENTS[ActivityKind(kind)].objects}`" in row


def test_the_section_sets_what_the_page_tells_of() -> None:
    """All that is configured has its place in the page's text."""
    page = read(PAGE).replace(SECTION, "")
    for name in yaml.safe_load(SECTION)["crm"].keys() - {"backend"}:
        assert f"`{name}" in page, name
