"""docs/operator.md, object by object and command by command."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from salesloft_webhooks.simulator.platform import SimulatedPlatform
from tests.chart.api_server import ApiServer
from tests.chart.rendering import CHART, render
from tests.operator.pasted import Shell, needs_kubectl
from tests.operator.team import Team
from tests.support.documents import blocks, read
from tests.support.servers import Server

PAGE = "docs/operator.md"
NAMESPACE, NAME = "salesloft", "salesloft-webhooks"
pytestmark = [pytest.mark.usefixtures("short_times"), pytest.mark.timeout(120)]


@pytest.fixture
async def reader(kubernetes: ApiServer, valkey: Server) -> AsyncIterator[Team]:
    """A team whose namespace is that of the page."""
    async with SimulatedPlatform() as platform:
        yield Team(kubernetes, kubernetes.namespace(NAMESPACE, kept=True), platform, valkey)


@needs_kubectl
async def test_the_page_leads_to_subscriptions(reader: Team, tmp_path: Path) -> None:
    """Its objects are applied as they stand, beside its Secrets; each of its commands, pasted, does what it says."""
    _, subscription, _ = [block.text for block in blocks(PAGE, "yaml")]
    declared = yaml.safe_load(subscription)["spec"]
    here = subscription.replace("  api:\n", f"  api:\n    baseUrl: {reader.platform.url}\n")
    look, rotate, uninstall, held, forget = [block.text for block in blocks(PAGE, "sh")]
    shell = Shell(reader, tmp_path)
    reader.kubernetes.helm("upgrade", "--install", NAME, str(CHART), "--no-hooks", "--namespace", NAMESPACE, values={})

    await reader.given()
    async with reader.operator():
        await shell.run(f"kubectl apply -f - <<'END'\n{here}END")
        await reader.ready()
        shown = await shell.run(look)
        await shell.run(rotate)
        held_again = await shell.run(held)
    annotations = reader.found()["metadata"]["annotations"]
    reader.delete()
    gone = await shell.run(uninstall)
    forgotten = await shell.run(forget.replace("\n", " --dry-run=server\n"))

    assert [word for word in ("5/5", "AsDeclared", "Created 5 at SalesLoft") if word not in shown] == []
    assert reader.there(declared["callbackUrl"]).keys() == set(declared["events"])
    assert "salesloft-webhooks.dev/rotate" in annotations
    assert held_again.endswith("condition met\n")
    assert f'release "{NAME}" uninstalled' in gone
    assert reader.found() is None
    assert forgotten.count("deleted (server dry run)") == 2


def test_the_values_switch_it_on() -> None:
    """The first values of the page make the role's Deployment and the definitions of both kinds."""
    values, *_ = blocks(PAGE, "yaml")

    rendered = render(yaml.safe_load(values.text))

    assert rendered.one("Deployment", "operator")
    assert len(rendered.all("CustomResourceDefinition")) == 2


def test_the_values_let_it_make_the_keys() -> None:
    """It may write the Secret that receivers mount, and the chart makes no keys of its own."""
    *_, values = blocks(PAGE, "yaml")

    rendered = render(yaml.safe_load(values.text))

    declared = rendered.one_named("SalesloftSubscription", "sales")["spec"]["keys"]["secretRef"]["name"]
    rules = rendered.one("Role", "operator")["rules"]
    written = [rule["resourceNames"] for rule in rules if "secrets" in rule["resources"] and "patch" in rule["verbs"]]
    volumes = rendered.one("Deployment", "receiver")["spec"]["template"]["spec"]["volumes"]
    assert written == [[declared]]
    assert str(volumes).count(declared) == 1
    assert declared not in [each["metadata"]["name"] for each in rendered.all("Secret")]
    assert not [each for each in rendered.all("Secret") if each["metadata"]["name"].endswith("-keys")]


def test_the_page_names_what_there_is() -> None:
    """The phases in the page's table are those of a status."""
    definition = next(
        each
        for each in render({"operator": {"enabled": True}}).all("CustomResourceDefinition")
        if each["spec"]["names"]["kind"] == "SalesloftSubscription"
    )
    (version,) = definition["spec"]["versions"]
    properties = version["schema"]["openAPIV3Schema"]["properties"]
    phases = set(properties["status"]["properties"]["rotationPhase"]["enum"]) - {"Idle"}
    assert phases

    page = read(PAGE)

    assert [phase for phase in sorted(phases) if f"| `{phase}` |" not in page] == []
