"""The definitions say what the package says, and explain every field."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import yaml
from annotated_types import MaxLen, MinLen

from salesloft_webhooks.dialects.names import DOTTED
from salesloft_webhooks.operator.specification import (
    LEAST_HOURS,
    Api,
    Keys,
    KeysMode,
    OAuth,
    Rotation,
    SecretReference,
)
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.subscriptions.declaration import DeletionPolicy, Spec
from salesloft_webhooks.subscriptions.steps import Existing, Phase
from tests.chart.declared import KINDS, definition, outline, schema
from tests.chart.rendering import CHART, Object, render


def test_the_definition_allows_what_the_package_allows() -> None:
    """Fields, defaults, limits and words of a declaration have their home in the package."""
    spec = schema("SalesloftSubscription")["properties"]["spec"]
    fields = {field.alias or name: field for name, field in Spec.model_fields.items()}
    defaults = {name: value["default"] for name, value in spec["properties"].items() if "default" in value}

    assert spec["properties"].keys() == fields.keys()
    assert {name for name, field in fields.items() if field.is_required()} == set(spec["required"]) - {"api", "keys"}
    assert defaults == {**{name: fields[name].default for name in defaults}, "linkSwap": {}}
    assert spec["properties"]["source"]["maxLength"] == limit(fields["source"], MaxLen)
    assert spec["properties"]["callbackUrl"]["maxLength"] == limit(fields["callbackUrl"], MaxLen)
    events = spec["properties"]["events"]
    assert (events["minItems"], events["maxItems"]) == (
        limit(fields["events"], MinLen),
        limit(fields["events"], MaxLen),
    )
    assert events["items"]["enum"] == list(DOTTED)
    assert spec["properties"]["existing"]["enum"] == list(Existing)
    assert spec["properties"]["deletionPolicy"]["enum"] == list(DeletionPolicy)


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("api", Api),
        ("api.oauth", OAuth),
        ("api.tokenSecretRef", SecretReference),
        ("api.oauth.clientSecretRef", SecretReference),
        ("keys", Keys),
        ("keys.secretRef", SecretReference),
        ("rotation", Rotation),
    ],
)
def test_what_only_the_operator_needs_is_what_it_reads(path: str, shape: type[msgspec.Struct]) -> None:
    """It refuses a field that it does not know, and one that the definition does not know cannot be declared."""
    assert declarable(path) == set(shape.__struct_encode_fields__)


def test_link_swap_has_the_packages_fields() -> None:
    """The command refuses others."""
    model = Spec.model_fields["link_swap"].annotation
    assert model is not None

    assert declarable("linkSwap") == {field.alias or name for name, field in model.model_fields.items()}


def test_who_writes_the_keys_and_how_often_are_the_packages_words() -> None:
    """Both ways, the one that is taken where nothing is said, and the shortest time between two rotations."""
    spec = schema("SalesloftSubscription")["properties"]["spec"]["properties"]
    mode, every = spec["keys"]["properties"]["mode"], spec["rotation"]["properties"]["every"]

    assert (mode["enum"], mode["default"]) == (list(KeysMode), msgspec.structs.fields(Keys)[1].default)
    assert f"duration('{LEAST_HOURS}h')" in every["x-kubernetes-validations"][0]["rule"]


def declarable(path: str) -> set[str]:
    """The fields that the definition has below a field of the declaration."""
    node = schema("SalesloftSubscription")["properties"]["spec"]
    for name in path.split("."):
        node = node["properties"][name]
    return set(node["properties"])


@pytest.mark.parametrize(
    ("key", "kind"), [("subscriptions", "SalesloftSubscription"), ("consumerGroups", "ConsumerGroup")]
)
def test_the_values_take_what_the_definition_takes(key: str, kind: str) -> None:
    """The outline of `spec` in the values' schema is the definition's."""
    values = json.loads((CHART / "values.schema.json").read_text("utf-8"))["properties"]

    assert values[key]["items"]["properties"]["spec"] == outline(schema(kind)["properties"]["spec"])


def test_the_definition_has_the_packages_patterns() -> None:
    """Of addresses, which a rule compares with so that the refusal can be read."""
    spec = schema("SalesloftSubscription")["properties"]["spec"]["properties"]
    oauth = spec["api"]["properties"]["oauth"]["properties"]

    assert pattern_of_rule(spec["callbackUrl"]) == pattern(Spec.model_fields["callback_url"])
    assert pattern_of_rule(spec["linkSwap"]["properties"]["callbackUrl"]) == pattern(Spec.model_fields["callback_url"])
    assert pattern_of_rule(spec["api"]["properties"]["baseUrl"]) == pattern(Settings.model_fields["salesloft_api_url"])
    assert pattern_of_rule(oauth["tokenUrl"]) == pattern(Settings.model_fields["salesloft_token_url"])
    assert spec["api"]["properties"]["baseUrl"]["default"] == Settings.model_fields["salesloft_api_url"].default
    assert oauth["tokenUrl"]["default"] == Settings.model_fields["salesloft_token_url"].default


def test_the_status_has_the_packages_phases() -> None:
    """A phase that the definition does not know could never be written."""
    status = schema("SalesloftSubscription")["properties"]["status"]["properties"]

    assert status["rotationPhase"]["enum"] == list(Phase)


def limit(field: Any, kind: type[MaxLen | MinLen]) -> int:
    """How long a field of the package may be, at most or at least."""
    (found,) = (each for each in field.metadata if isinstance(each, kind))
    return int(found.max_length if isinstance(found, MaxLen) else found.min_length)


def pattern(field: Any) -> str:
    """What a field of the package must match."""
    (found,) = (each.pattern for each in field.metadata if getattr(each, "pattern", None))
    return str(found)


def pattern_of_rule(node: Object) -> str:
    """What a field of the definition must match."""
    (rule,) = [rule for rule in node["x-kubernetes-validations"] if rule["rule"].startswith("self.matches(")]
    found = re.fullmatch(r"self\.matches\(r'(.*)'\)", rule["rule"])
    assert found
    return found[1]


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_explained(kind: str) -> None:
    """`kubectl explain` has a sentence for each."""

    def unexplained(node: Object, path: str) -> Iterator[str]:
        for name, value in node.get("properties", {}).items():
            here = f"{path}.{name}"
            if here != ".metadata" and not re.fullmatch(r"[A-Z`].*[^.]\.", value.get("description", "")):
                yield here
            yield from unexplained(value, here)
            yield from unexplained(value.get("items", {}), f"{here}[]")

    assert list(unexplained(schema(kind), "")) == []


def test_an_operator_that_is_off_brings_none() -> None:
    """Nor does one whose definitions another release brings."""
    assert render().all("CustomResourceDefinition") == []
    assert render({"operator": {"enabled": True}, "crds": {"enabled": False}}).all("CustomResourceDefinition") == []


def test_definitions_are_kept() -> None:
    """With them every object of their kinds would go; it is said to Helm and to Argo CD."""
    kept = definition("ConsumerGroup")["metadata"]["annotations"]
    values = {"operator": {"enabled": True}, "crds": {"keep": False}}

    assert kept["helm.sh/resource-policy"] == "keep"
    assert kept["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"
    assert all("annotations" not in item["metadata"] for item in render(values).all("CustomResourceDefinition"))


def test_the_index_of_charts_lists_the_definitions() -> None:
    """Artifact Hub's annotation names each kind as its definition does."""
    annotations = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))["annotations"]

    listed = {
        (each["kind"], each["version"], each["name"]) for each in yaml.safe_load(annotations["artifacthub.io/crds"])
    }

    assert listed == {
        (kind, definition(kind)["spec"]["versions"][0]["name"], definition(kind)["metadata"]["name"]) for kind in KINDS
    }
