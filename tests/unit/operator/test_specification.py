"""What a declaration says to the operator."""

from typing import Any

import pytest

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.operator.specification import KeysMode, read_specification, secret_names
from tests.chart.declared import SPEC

LOGIN = {"tokenSecretRef": {"name": "salesloft-api", "key": "token"}}
API = {"baseUrl": "https://api.salesloft.com/v2", **LOGIN}
KEYS = {"mode": "Manage", "secretRef": {"name": "salesloft-keys", "key": "callback-secret"}}
OAUTH = {
    "clientId": "c",
    "clientSecretRef": {"name": "app", "key": "client-secret"},
    "tokenUrl": "https://accounts.salesloft.com/oauth/token",
}
WHOLE = {**SPEC, "api": API, "keys": KEYS, "rotation": {"every": "2160h"}}


def test_a_declaration_is_read() -> None:
    """Login, keys and rotation come as they are written."""
    found = read_specification(WHOLE)

    assert (found.api.secret.name, found.api.secret.key) == ("salesloft-api", "token")
    assert (found.keys.mode, found.keys.secret_ref.key) == (KeysMode.MANAGE, "callback-secret")
    assert found.rotation is not None
    assert (found.rotation.every, found.rotation.seconds) == ("2160h", 90 * 86_400.0)
    assert list(secret_names(WHOLE)) == ["salesloft-api", "salesloft-keys"]


def test_an_app_sends_its_secret_to_two_addresses() -> None:
    """Both the API and the token endpoint have to be allowed."""
    found = read_specification({**WHOLE, "api": {"baseUrl": API["baseUrl"], "oauth": OAUTH}})

    assert found.api.secret.name == "app"
    assert found.api.addresses == (API["baseUrl"], OAUTH["tokenUrl"])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"api": {}}, id="nothing of the API"),
        pytest.param({"api": {"baseUrl": "https://x"}}, id="no login"),
        pytest.param({"api": {**API, "oauth": OAUTH}}, id="two logins"),
        pytest.param({"api": {**API, "later": 1}}, id="a field of a later version"),
        pytest.param({"keys": None}, id="no keys"),
        pytest.param({"keys": {**KEYS, "mode": "Watch"}}, id="a mode that there is not"),
        pytest.param({"rotation": {}}, id="a rotation without a time"),
        pytest.param({"rotation": {"every": "23h"}}, id="a rotation before the last one has ended"),
        pytest.param({"rotation": {"every": "90d"}}, id="a rotation in days"),
        pytest.param({"rotation": {"every": "24h30m"}}, id="a rotation in hours and minutes"),
        pytest.param({"rotation": {"every": "-48h"}}, id="a rotation in the past"),
        pytest.param({"events": ["nothing"]}, id="an event that there is not"),
        pytest.param({"unknown": 1}, id="an unknown field"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(change: dict[str, Any]) -> None:
    """What a definition of another version has let through is refused, and depends on no Secret."""
    spec = {**WHOLE, **change}

    with pytest.raises(ConfigurationError, match=r"spec\."):
        read_specification(spec)
    assert list(secret_names(spec)) == []
