"""Receivers of their own that answer link_swap: what is different about them, and what leads to them."""

import pytest
import yaml

from tests.chart.rendering import PREFIX, Rendered, Values, merged, refusal, render, shape
from tests.support.documents import blocks

VALUES = shape("link-swap")
SWAPPING = VALUES["linkSwap"]
IMPOSSIBLE: list[tuple[str, Values, list[str]]] = [
    ("by-nobody", {"linkSwap": {"enabled": True}}, ["linkSwap.url", "linkSwap.handler"]),
    ("by-two", {"linkSwap": {**SWAPPING, "handler": "a:b"}}, ["linkSwap.url", "linkSwap.handler"]),
    (
        "unsigned",
        {"linkSwap": {"enabled": True, "url": "https://l.example.com/", "allowedHosts": ["*"]}},
        ["linkSwap.url", "linkSwap.secret.name"],
    ),
    ("to-anywhere", {"linkSwap": {**SWAPPING, "allowedHosts": []}}, ["linkSwap.allowedHosts"]),
    ("shut-in", {"linkSwap": {**SWAPPING, "egress": []}}, ["linkSwap.egress", "networkPolicy.enabled"]),
    (
        "path-twice",
        {"linkSwap": {**SWAPPING, "path": "/webhooks/salesloft"}},
        ["linkSwap.path", "source.path"],
    ),
    (
        "path-of-nobody",
        {"linkSwap": SWAPPING, "sourcesFile": {"existingSecret": "s", "paths": ["/a"]}},
        ["linkSwap.path", "sourcesFile.paths"],
    ),
    (
        "cut-off",
        {"linkSwap": {**SWAPPING, "receiver": {"drainSeconds": 60}}},
        ["linkSwap.receiver", "drainSeconds", "terminationGracePeriodSeconds"],
    ),
]


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    """The shape with an endpoint."""
    return render(VALUES)


def test_off_unless_enabled() -> None:
    """Nothing of it is there, and the receiver swaps no links."""
    rendered = render()

    assert not [item for item in rendered.objects if "link-swap" in item["metadata"]["name"]]
    assert not [name for name in rendered.environment("receiver") if name.startswith("LINK_SWAP")]


@pytest.mark.parametrize(("values", "words"), [case[1:] for case in IMPOSSIBLE], ids=[case[0] for case in IMPOSSIBLE])
def test_what_cannot_work_is_refused(values: Values, words: list[str]) -> None:
    """Helm names the values that contradict each other."""
    message = refusal(values)

    assert all(word in message for word in words), message


def test_only_these_receivers_swap_links(rendered: Rendered) -> None:
    """They have the settings and the key as a file; the others have none of it."""
    environment = rendered.environment("link-swap")
    volumes = rendered.one("Deployment", "link-swap")["spec"]["template"]["spec"]["volumes"]

    assert environment["LINK_SWAP_URL"] == "https://links.example.com/swap"
    assert environment["LINK_SWAP_ALLOWED_HOSTS"] == "links.example.com,*.links.example.com"
    assert environment["LINK_SWAP_SECRET_FILE"] == "/etc/salesloft-webhooks/link-swap/secret"
    assert {volume["secret"]["secretName"] for volume in volumes if volume["name"] == "link-swap"} == {"link-swap"}
    assert not [name for name in rendered.environment("receiver") if name.startswith("LINK_SWAP")]


def test_they_have_the_keys_at_a_path_of_their_own(rendered: Rendered) -> None:
    """The same keys, and another path than the receiver's."""
    own, others = rendered.environment("link-swap"), rendered.environment("receiver")

    assert (own["SOURCE_PATH"], others["SOURCE_PATH"]) == ("/webhooks/salesloft/link-swap", "/webhooks/salesloft")
    assert own["SALESLOFT_CALLBACK_SECRET_FILE"] == others["SALESLOFT_CALLBACK_SECRET_FILE"]


def test_they_are_receivers_but_for_what_is_different(rendered: Rendered) -> None:
    """Fields of `receiver` hold for them, too, unless `linkSwap.receiver` has them."""
    spec = rendered.one("Deployment", "link-swap")["spec"]
    own, other = rendered.container("link-swap"), rendered.container("receiver")

    assert spec["replicas"] == 3
    assert own["resources"]["requests"] == {"cpu": "50m", "memory": "128Mi"}
    assert (own["args"], own["lifecycle"], own["ports"]) == (other["args"], other["lifecycle"], other["ports"])


def test_an_autoscaled_receiver_leaves_their_number_alone() -> None:
    """They have a number of their own where the receivers have none."""
    scaled = merged(VALUES, {"receiver": {"autoscaling": {"enabled": True}}})

    assert render(scaled).one("Deployment", "link-swap")["spec"]["replicas"] == 3


def test_a_function_needs_an_image_and_no_key() -> None:
    """The user's own image runs there and nowhere else."""
    own = {"handler": "swapping:swap", "image": {"repository": "own", "tag": "1"}, "allowedHosts": ["*"]}
    rendered = render({"linkSwap": {"enabled": True, **own}})

    assert rendered.environment("link-swap")["LINK_SWAP_HANDLER"] == "swapping:swap"
    assert rendered.container("link-swap")["image"] == "own:1"
    assert rendered.container("receiver")["image"] != "own:1"
    assert "LINK_SWAP_SECRET_FILE" not in rendered.environment("link-swap")


def test_their_path_leads_to_them_and_the_others_to_the_receiver(rendered: Rendered) -> None:
    """By Ingress and by HTTPRoute, and each path to one of them."""
    (host,) = rendered.one("Ingress", "receiver")["spec"]["rules"]
    leads = {path["path"]: path["backend"]["service"]["name"] for path in host["http"]["paths"]}
    routes = {
        rule["matches"][0]["path"]["value"]: rule["backendRefs"][0]["name"]
        for rule in rendered.one("HTTPRoute", "receiver")["spec"]["rules"]
    }

    assert leads == routes
    assert leads == {
        "/webhooks/salesloft": f"{PREFIX}-receiver",
        "/webhooks/salesloft/link-swap": f"{PREFIX}-link-swap",
    }


def test_a_path_of_a_sources_file_leads_to_one_of_them() -> None:
    """It is taken from the receiver's paths."""
    values = merged(VALUES, {"sourcesFile": {"existingSecret": "s", "paths": ["/eu", "/swap"]}})
    rendered = render(merged(values, {"linkSwap": {"path": "/swap"}}))

    (host,) = rendered.one("Ingress", "receiver")["spec"]["rules"]
    leads = [(path["path"], path["backend"]["service"]["name"]) for path in host["http"]["paths"]]

    assert leads == [("/eu", f"{PREFIX}-receiver"), ("/swap", f"{PREFIX}-link-swap")]


def test_they_reach_the_endpoint_and_the_store(rendered: Rendered) -> None:
    """Names, the store and what `linkSwap.egress` names; Valkey lets them in, and the receiver reaches no more."""
    egress = rendered.one("NetworkPolicy", "link-swap")["spec"]["egress"]
    (peers,) = rendered.one("NetworkPolicy", "valkey")["spec"]["ingress"]

    assert VALUES["linkSwap"]["egress"][0] in egress
    assert VALUES["linkSwap"]["egress"][0] not in rendered.one("NetworkPolicy", "receiver")["spec"]["egress"]
    assert "link-swap" in [peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for peer in peers["from"]]


def test_they_are_scraped(rendered: Rendered) -> None:
    """The monitor of the pods selects them."""
    (expression,) = rendered.one("PodMonitor", "")["spec"]["selector"]["matchExpressions"]

    assert "link-swap" in expression["values"]


def test_the_page_shows_values_that_work() -> None:
    """docs/link_swap.md: taken as they are pasted, and each of them is where it belongs."""
    values, declared = (yaml.safe_load(block.text) for block in blocks("docs/link_swap.md", "yaml"))

    environment = render(values).environment("link-swap")

    assert environment["LINK_SWAP_URL"] == values["linkSwap"]["url"]
    assert environment["SOURCE_PATH"] == values["linkSwap"]["path"]
    assert f"{declared['spec']['callbackUrl']}/link-swap".endswith(f".com{values['linkSwap']['path']}")
