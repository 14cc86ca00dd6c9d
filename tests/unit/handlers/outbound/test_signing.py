"""Standard Webhooks signatures, compared with what the specification's reference library makes."""

from datetime import UTC, datetime

import pytest

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.outbound.signing import Signer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
MOMENT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'


def test_a_signature_is_that_of_the_reference_library() -> None:
    """Headers for a known message, secret and time; the signature was made with `standardwebhooks` 1.1.0."""
    assert Signer([SECRET]).headers("email.opened/812345678/3", MOMENT, BODY) == {
        "webhook-id": "msg_06e42ea3d7cde191364f6c92a9c72af7",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,rGfW/s1grmbz+WE+3AQep2mlx6XbBlsTHzaDh10uWvU=",
    }


def test_during_a_rotation_every_secret_signs() -> None:
    """A receiver that has the old or the new secret finds its signature, separated by a space."""
    one, other = (Signer([secret]).headers("key", MOMENT, BODY)["webhook-signature"] for secret in (SECRET, OTHER))

    assert Signer([OTHER, SECRET]).headers("key", MOMENT, BODY)["webhook-signature"] == f"{other} {one}"


def test_without_a_secret_nothing_is_signed() -> None:
    """The id and the time are sent all the same."""
    assert list(Signer([]).headers("key", MOMENT, BODY)) == ["webhook-id", "webhook-timestamp"]


@pytest.mark.parametrize(
    "secret", ["whsec_???", "whsec_\udce9", "whsec_c2hvcnQ="], ids=["not-base64", "not-utf-8", "short"]
)
def test_a_secret_that_cannot_be_one_is_refused_without_showing_it(secret: str) -> None:
    """The worker says so at its start."""
    with pytest.raises(ConfigurationError) as caught:
        Signer([secret])

    assert secret not in str(caught.value)
