"""docs/crm_salesforce.md leads to a group that works."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.settings import Settings
from tests.integration.cli.examined import Doctor
from tests.support import samples
from tests.support.documents import blocks, read
from tests.support.servers import Server
from tests.support.standins.salesforce import CLIENT_ID, CLIENT_SECRET, Salesforce
from tests.support.standins.salesforce_parts import VERSION
from tests.support.standins.salesforce_records import ACTIVITY_ID, EXTERNAL_ID

PAGE = "docs/crm_salesforce.md"
[CONFIGURATION] = [block.text for block in blocks(PAGE, "yaml")]
[COMMAND] = [block.text for block in blocks(PAGE, "sh")]


async def test_the_page_leads_to_a_working_group(
    tmp_path: Path, valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file, its doctor, then a person who becomes a Lead and a mail that becomes a Task beside it."""
    secret = tmp_path / "secret"
    secret.write_text(f"{CLIENT_SECRET}\n", "utf-8")
    environment = {"SALESFORCE_CLIENT_ID": CLIENT_ID, "SALESLOFT_API_TOKEN": "ak-an-invented-api-token"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with Salesforce().running() as standin:
        assert isinstance(standin, Salesforce)
        standin.fields["Renewal__c"] = True
        standin.types["Renewal__c"] = "date"
        section = re.sub(r"\$\{file:[^}]+\}", f"${{file:{secret}}}", CONFIGURATION)
        file = tmp_path / "handlers.yaml"
        file.write_text(section.replace("https://acme.my.salesforce.com", standin.url), "utf-8")

        assert COMMAND == "salesloft-webhooks doctor --for worker\n"
        examined = {"WORKER_GROUP": "crm", "HANDLERS_FILE": str(file)}
        found = await asyncio.to_thread(Doctor(tmp_path, valkey).finds, "worker", "crm.fields", **examined)
        async with load_group("crm", (), settings := _settings(file, valkey)).open(settings) as group:
            data = {"owner": None, "crm_id": None, "custom_fields": {"Renewal": "2027-01-31"}}
            await group.handle(samples.person("person.created", group="crm", data=data))
            await group.handle(samples.email("email.sent", group="crm", data={"user": None}))

    assert found == [("ok", "salesforce has every configured field")]
    (lead,) = standin.bearing("Lead").values()
    (task,) = standin.bearing("Task", ACTIVITY_ID).values()
    assert (lead[EXTERNAL_ID], lead["Renewal__c"]) == (str(samples.PERSON_ID), "2027-01-31")
    assert standin.records.by_id[task["WhoId"]].fields == lead


def _settings(file: Path, valkey: Server) -> Settings:
    return Settings.load(handlers_file=file, redis_url=valkey.url)


def test_the_page_says_what_the_code_does() -> None:
    """Defaults and codes that the page names are those of the configuration and of the stand-in."""
    fields: dict[str, Any] = yaml.safe_load(CONFIGURATION)["crm"]

    assert f"`{VERSION}`" in read(PAGE)
    ways = re.findall(r"^\| `(salesloft_id|crm_id|email_address)` \|", read(PAGE), re.MULTILINE)
    assert ways == fields["match"]
