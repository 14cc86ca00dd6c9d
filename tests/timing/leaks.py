"""Mistakes that the measurement has to find."""

import hmac
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from unittest import mock

from salesloft_webhooks.dialects import signatures
from salesloft_webhooks.errors import RejectionReason, SignatureRejected


def plainly_equal(signature: bytes, candidates: Iterable[bytes]) -> int | None:
    """Ends at the first byte that differs."""
    return next((index for index, candidate in enumerate(candidates) if candidate == signature), None)


def _first_match(signature: bytes, keys: Iterable[bytes], algorithm: str, *message: bytes) -> int:
    for index, key in enumerate(keys):
        if hmac.compare_digest(signature, signatures.hex_hmac(key, algorithm, *message)):
            return index
    raise SignatureRejected(RejectionReason.MISMATCH)


@contextmanager
def early_exit() -> Iterator[None]:
    """No key is tried behind the one that matches, in the dialects with hexadecimal digits."""
    module = "salesloft_webhooks.dialects"
    with (
        mock.patch(f"{module}.envelope.matching_key", _first_match),
        mock.patch(f"{module}.native.matching_key", _first_match),
    ):
        yield
