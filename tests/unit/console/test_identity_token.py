"""A token proves who somebody is only if the issuer has signed it, for us, lately."""

from typing import Any

import pytest

from salesloft_webhooks.console.refusals import NotSignedIn
from salesloft_webhooks.console.sign_in.identity_token import Expected, KeyUnknown, identity_in
from salesloft_webhooks.console.sign_in.role_file import Identity
from tests.unit.console.issuer import AUDIENCE, ISSUER, NOW, Issuer, signed_with_published_key, unsigned

EXPECTED = Expected(ISSUER, AUDIENCE, "groups")
OURS, OTHER = Issuer(), Issuer()


def read(token: str, issuer: Issuer = OURS) -> Identity:
    """Whom it names to us."""
    return identity_in(token, [issuer.key], EXPECTED, NOW)


@pytest.mark.parametrize("issuer", [OURS, Issuer(rsa=True)], ids=["ES256", "RS256"])
def test_a_token_names_somebody_and_their_groups(issuer: Issuer) -> None:
    """The checked e-mail address is the name; the groups are those of the claim."""
    token = issuer.token(
        email="robin@example.com", email_verified=True, groups=["ops", 7, "sales"], aud=["x", AUDIENCE]
    )

    assert read(token, issuer) == Identity("robin@example.com", frozenset({"ops", "sales"}))


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({}, id="no address"),
        pytest.param({"email": "boss@example.com", "email_verified": False}, id="one that nobody has checked"),
        pytest.param({"email": {"a": "b"}}, id="none that is one"),
    ],
)
def test_without_a_checked_address_the_subject_is_the_name(claims: dict[str, Any]) -> None:
    """What anybody can register with an issuer makes nobody the owner of an address."""
    assert read(OURS.token(**claims)).name == "id-1"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(unsigned(), id="alg none"),
        pytest.param(signed_with_published_key(OURS), id="signed with what is published"),
        pytest.param(OURS.token(iss="https://evil.test"), id="another issuer"),
        pytest.param(OURS.token(aud="other"), id="for another"),
        pytest.param(OURS.token(aud=["other", "another"]), id="for others"),
        pytest.param(OURS.token(exp=NOW - 31), id="expired"),
        pytest.param(OURS.token(nbf=NOW + 60), id="not yet"),
        pytest.param(OURS.token(exp=None), id="for ever"),
        pytest.param(OURS.token(aud=None), id="for nobody"),
        pytest.param(OURS.token(iss=None), id="by nobody"),
        pytest.param(OURS.token(sub=None), id="about nobody"),
        pytest.param(OURS.token()[:-4] + "AAAA", id="changed"),
        pytest.param("", id="nothing"),
        pytest.param("a.b.c", id="nonsense"),
        pytest.param("ä" * 50, id="no ASCII"),
    ],
)
def test_a_token_that_proves_nothing_is_refused(token: str) -> None:
    """Whatever is wrong with it, nobody is signed in, and nothing of it is repeated."""
    with pytest.raises(NotSignedIn) as raised:
        read(token)

    assert not token or token not in str(raised.value)
    assert raised.value.__context__ is None


def test_a_key_that_is_not_known_is_worth_a_look() -> None:
    """A token that another key has signed is told from one that is wrong."""
    with pytest.raises(KeyUnknown):
        read(OTHER.token())
    with pytest.raises(KeyUnknown):
        identity_in(OURS.token(), [], EXPECTED, NOW)
