"""An issuer of tokens, with keys of its own."""

import base64
import hmac
import json
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

ISSUER, AUDIENCE = "https://issuer.test", "console"
NOW = 1_800_000_000
CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 600, "sub": "robin"}


class Issuer:
    """Signs tokens.

    Attributes:
        key: The one it signs with.
    """

    def __init__(self, *, rsa: bool = False) -> None:
        self.key: Key = RSAKey.generate_key(2048) if rsa else ECKey.generate_key("P-256")
        self.key.ensure_kid()
        self.algorithm = "RS256" if rsa else "ES256"

    def token(self, *, now: float = NOW, **claims: Any) -> str:
        """A token for ten minutes; a claim that is None is left out."""
        standard = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(now) + 600, "iat": int(now), "sub": "id-1"}
        chosen = {name: value for name, value in (standard | claims).items() if value is not None}
        return jwt.encode({"alg": self.algorithm, "kid": self.key.kid or ""}, chosen, self.key)

    def published(self) -> dict[str, Any]:
        """Its keys, as it publishes them."""
        return {"keys": [self.key.as_dict(private=False)]}


def signed_with_published_key(issuer: Issuer) -> str:
    """A token that somebody has signed by HMAC with the key that is published, which everybody has."""
    assert isinstance(issuer.key, ECKey)
    head = _encoded({"alg": "HS256", "kid": issuer.key.kid})
    signed = f"{head}.{_encoded(CLAIMS)}"
    digest = hmac.new(issuer.key.as_pem(private=False), signed.encode(), "sha256").digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def unsigned() -> str:
    """A token that says it needs no signature."""
    return f"{_encoded({'alg': 'none'})}.{_encoded(CLAIMS)}."


def _encoded(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()
