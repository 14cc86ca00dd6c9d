"""What a declaration may say, and what is said of one that is wrong."""

from pathlib import Path

import pytest

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.subscriptions import DeletionPolicy, Desired, Existing, load_declaration

WHOLE = """\
apiVersion: salesloft-webhooks.dev/v1alpha1
kind: SalesloftSubscription
metadata: {name: sales}
spec:
  source: eu
  callbackUrl: https://hooks.example.com/webhooks/eu?team=1
  events: [person_created, person_updated]
  existing: Replace
  deletionPolicy: Retain
  suspend: true
  linkSwap: {enabled: true, callbackUrl: "https://links.example.com/swap"}
  api: {tokenSecretRef: {name: salesloft-api, key: token}}
  keys: {mode: Manage, secretRef: {name: salesloft-keys, key: callback-secret}}
  rotation: {every: 2160h}
"""
LEAST = "spec: {callbackUrl: https://hooks.example.com/x, events: [call_created]}"


def written(folder: Path, text: str) -> Path:
    """A file that says so."""
    path = folder / "subscriptions.yaml"
    path.write_text(text)
    return path


def test_an_object_of_the_operators_is_read_as_it_is(tmp_path: Path) -> None:
    """One file serves the command and, as an object, the operator."""
    found = load_declaration("--file", written(tmp_path, WHOLE))

    assert found.source == "eu"
    assert found.deletion_policy is DeletionPolicy.RETAIN
    assert found.desired == Desired(
        callback_url="https://hooks.example.com/webhooks/eu?team=1",
        events=frozenset({"person_created", "person_updated"}),
        link_swap_url="https://links.example.com/swap",
        swaps_links=True,
        existing=Existing.REPLACE,
        suspend=True,
    )


def test_address_and_events_are_enough(tmp_path: Path) -> None:
    """All else has a default: the source of the environment variables, nothing of others' is touched."""
    found = load_declaration("--file", written(tmp_path, LEAST))

    assert (found.source, found.deletion_policy) == ("default", DeletionPolicy.DELETE)
    assert (found.desired.existing, found.desired.suspend) == (Existing.REPORT, False)


@pytest.mark.parametrize(
    ("callback_url", "asked_at"),
    [
        ("https://hooks.example.com/webhooks/salesloft", "https://hooks.example.com/webhooks/salesloft/link-swap"),
        ("https://hooks.example.com/eu/?team=1", "https://hooks.example.com/eu/link-swap?team=1"),
        ("https://hooks.example.com", "https://hooks.example.com/link-swap"),
    ],
    ids=["the chart's", "with a query", "without a path"],
)
@pytest.mark.parametrize("enabled", [True, False])
def test_link_swap_has_an_address_of_its_own(
    tmp_path: Path, callback_url: str, asked_at: str, *, enabled: bool
) -> None:
    """Below the other one unless it is said; known also when it is not wanted, so that it can be taken away."""
    text = f"spec: {{callbackUrl: '{callback_url}', events: [call_created], linkSwap: {{enabled: {enabled}}}}}"

    desired = load_declaration("--file", written(tmp_path, text)).desired

    assert (desired.link_swap_url, desired.swaps_links) == (asked_at, enabled)


def test_a_simulator_on_this_machine_needs_no_certificate(tmp_path: Path) -> None:
    """Plain http is taken there, and nowhere else."""
    text = LEAST.replace("https://hooks.example.com/x", "http://127.0.0.1:8000/webhooks/salesloft")

    assert load_declaration("--file", written(tmp_path, text)).desired.callback_url.startswith("http://127.0.0.1:8000")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("callbackUrl: http://hooks.example.com/x", "spec.callbackUrl"),
        ("callbackUrl: https://user@hooks.example.com/x", "spec.callbackUrl"),
        ("callbackUrl: https://hooks.example.com/x#y", "spec.callbackUrl"),
        ("callbackUrl: https:///x", "spec.callbackUrl"),
        ("callbackUrl: http://localhost.example.com/x", "spec.callbackUrl"),
        ("callbackUrl: http://127.0.0.1@hooks.example.com/x", "spec.callbackUrl"),
        ("events: []", "spec.events"),
        ("events: [person_created, person_created]", "twice"),
        ("events: [person.created]", "none of SalesLoft's event types"),
        ("events: [link_swap]", "linkSwap.enabled"),
        ("linkSwap: {enabled: true, callbackUrl: http://hooks.example.com/x}", "spec.linkSwap.callbackUrl"),
        ("linkSwap: {url: https://hooks.example.com/x}", "Extra inputs"),
        ("existing: replace", "spec.existing"),
        ("callbackToken: something-secret", "Extra inputs"),
    ],
)
def test_what_is_wrong_is_named_and_never_shown(tmp_path: Path, line: str, problem: str) -> None:
    """With the line, the field and what is wrong; no value of the file stands in the message."""
    spec = {"callbackUrl": "https://hooks.example.com/x", "events": "[call_created]"}
    name, _, value = line.partition(": ")
    text = "spec:\n" + "".join(f"  {each}: {says}\n" for each, says in (spec | {name: value}).items())

    with pytest.raises(ConfigurationError) as caught:
        load_declaration("--file", written(tmp_path, text))

    assert problem in str(caught.value)
    assert str(caught.value).startswith("--file: ")
    assert "something-secret" not in str(caught.value)
    assert "hooks.example.com" not in str(caught.value)


def test_an_object_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A file that was mistaken for another says so, whatever its spec looks like."""
    with pytest.raises(ConfigurationError, match="line 1: kind: "):
        load_declaration("--file", written(tmp_path, f"kind: Deployment\n{LEAST}\n"))


def test_a_field_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """The second list of events would silently win, and what only the first has be deleted."""
    text = "spec:\n  callbackUrl: https://a.example.com/x\n  events: [call_created]\n  events: [note_created]\n"

    with pytest.raises(ConfigurationError, match="line 4: the same name stands here for the second time"):
        load_declaration("--file", written(tmp_path, text))


def test_an_alias_within_itself_is_no_endless_search(tmp_path: Path) -> None:
    """It is refused. Defaults that `<<` brings, and that a file overrides, are no name that stands twice."""
    text = "base: &base {existing: Report}\nspec: &spec\n  <<: *base\n  existing: Replace\n"
    text += "  callbackUrl: https://a.example.com/x\n  events: [call_created]\n"

    with pytest.raises(ConfigurationError, match=r"aliases \(\*\) repeat too much"):
        load_declaration("--file", written(tmp_path, text + "  api: {self: *spec}\n"))
    assert load_declaration("--file", written(tmp_path, text)).desired.existing is Existing.REPLACE
