"""Tokens that a proxy hands on with a request: signed by whoever has signed somebody in (OpenID Connect). Pure.

The proxy's other headers are not believed, since whoever reaches our port could send them. A signature cannot be sent
by somebody who has not got it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import Key, KeySet
from joserfc.jwt import JWTClaimsRegistry

from salesloft_webhooks.console.refusals import NotSignedIn
from salesloft_webhooks.console.sign_in.role_file import Identity

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with a private key only: published keys verify them. With HMAC, what is published could sign as well."""
LEEWAY_SECONDS = 30


class KeyUnknown(NotSignedIn):
    """The token is signed with a key that we do not know, or not yet."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say.

    Attributes:
        issuer: Who has made it.
        audience: For whom: the client's id at the issuer.
        groups_claim: Where the groups stand.
    """

    issuer: str
    audience: str
    groups_claim: str


def identity_in(token: str, keys: Sequence[Key], expected: Expected, now: float) -> Identity:
    """Whom a token names.

    Args:
        token: As it came.
        keys: The issuer's.
        expected: What it must say.
        now: Unix time.

    Raises:
        KeyUnknown: none of the keys has signed it.
        NotSignedIn: it proves nothing; the message says why, and has nothing of the token.
    """
    if not keys:
        raise KeyUnknown("There are no keys to check the token with")
    rules = JWTClaimsRegistry(
        now=int(now),
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.audience},
        exp={"essential": True},
    )
    try:
        claims = jwt.decode(token, KeySet(list(keys)), ALGORITHMS).claims
        rules.validate(claims)
    except InvalidKeyIdError:
        problem: NotSignedIn = KeyUnknown("The token is signed with an unknown key")
    except ExpiredTokenError:
        problem = NotSignedIn("The token has expired: sign in again")
    except JoseError as exc:
        problem = NotSignedIn(f"The token is not one for this console ({exc.error})")
    except (ValueError, RecursionError):
        problem = NotSignedIn("The token cannot be read")
    else:
        return _identity(claims, expected)
    raise problem  # outside: the library's error has the token in its context


def _identity(claims: dict[str, Any], expected: Expected) -> Identity:
    name, subject = claims.get("email"), claims.get("sub")
    # An address that nobody has checked is a claim of whoever registered with it.
    if not isinstance(name, str) or not name or claims.get("email_verified") is False:
        name = subject
    if not isinstance(name, str) or not name:
        raise NotSignedIn("The token names nobody")
    groups = claims.get(expected.groups_claim)
    listed = groups if isinstance(groups, list) else [groups]
    return Identity(name, frozenset(each for each in listed if isinstance(each, str)))
