"""Bodies encrypted where they are stored, with keys from a file (setting ``BODY_KEY_FILE``). Decision 74.

A sealed body is `MARK`, the key's id, a nonce, and what AES-256-GCM makes of the body, its tag at the end. It says by
itself that it is one (neither JSON nor a zstd frame begins like it), so sealed and plain ones stand side by side and no
field is needed. What it belongs to is authenticated with it: a body that was put into another event cannot be opened.

The first key of the file seals, all of them open. The file is followed while it changes; while it is away, empty or
half written, the keys that worked go on working.

A nonce is 64 random bits of the process and 32 that count: in a million processes that seal 2**32 bodies each, the
chance that two are alike is one in ten million. With 96 random bits it would be more after 2**37 bodies in all.
"""

import base64
import binascii
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Protocol

from salesloft_webhooks.errors import BodyUnreadable, ConfigurationError
from salesloft_webhooks.secret_file import SecretFile

MARK = b"\xe5\x01"
"""How a sealed body begins. The second byte is the version of the form."""
KEY_BYTES, ID_BYTES, NONCE_BYTES, TAG_BYTES = 32, 4, 12, 16
NONCE_AT = len(MARK) + ID_BYTES
TEXT_AT = NONCE_AT + NONCE_BYTES
OVERHEAD = TEXT_AT + TAG_BYTES
"""Bytes that a sealed body has more than a plain one."""
RANDOM_BYTES = 8
"""Of a nonce; the others count."""
SETTING = "BODY_KEY_FILE"
_ID_CONTEXT = b"salesloft-webhooks body key"


class Cipher(Protocol):
    """What `cryptography` makes of a key."""

    def encrypt(self, nonce: bytes, body: bytes, about: bytes, /) -> bytes:
        """Seal."""

    def decrypt(self, nonce: bytes, body: bytes, about: bytes, /) -> bytes:
        """Open."""


class BodyKeys:
    """The keys of one file, in step with it. No repr shows any.

    Args:
        path: The file: a key a line in Base64, the sealing one first; what follows a ``#`` is a comment.

    Raises:
        ConfigurationError: the file cannot be used, or the extra ``encryption`` is not installed.
    """

    def __init__(self, path: Path) -> None:
        self._file = SecretFile(SETTING, path, "key")
        self._ciphers = _ciphers(self._file.value)
        self._nonces = _nonces()

    def seal(self, body: bytes, about: bytes) -> bytes:
        """The body sealed with the first key, for what ``about`` names and nothing else."""
        self._follow()
        key_id, cipher = next(iter(self._ciphers.items()))
        nonce = next(self._nonces)
        return MARK + key_id + nonce + cipher.encrypt(nonce, body, about)

    def open(self, sealed: bytes, about: bytes) -> bytes:
        """The body that was sealed for what ``about`` names.

        Raises:
            BodyUnreadable: its key is not in the file, or it was damaged or belongs to something else.
        """
        self._follow()
        cipher = self._ciphers.get(sealed[len(MARK) : NONCE_AT])
        if cipher is None:
            raise BodyUnreadable(f"encrypted with the key {key_of(sealed)}, which {SETTING} does not have")
        opened = None
        with suppress(Exception):  # InvalidTag, or too short; the library is not imported here
            opened = cipher.decrypt(sealed[NONCE_AT:TEXT_AT], sealed[TEXT_AT:], about)
        if opened is None:
            raise BodyUnreadable(f"damaged, or of another event (key {key_of(sealed)})")
        return opened

    @property
    def ids(self) -> tuple[str, ...]:
        """What to call the keys in messages, in their order."""
        self._follow()
        return tuple(key_id.hex() for key_id in self._ciphers)

    def _follow(self) -> None:
        if self._file.refresh():
            try:
                self._ciphers = _ciphers(self._file.value)
            except ConfigurationError:
                return  # half written, or a slip: the keys that worked stay


def key_of(sealed: bytes) -> str:
    """What to call the key that a body was sealed with."""
    return sealed[len(MARK) : NONCE_AT].hex()


def key_line() -> str:
    """A new key as a line of the file has it, with its id as a comment."""
    key = os.urandom(KEY_BYTES)
    return f"{base64.b64encode(key).decode()} # {id_of(key).hex()}"


def id_of(key: bytes) -> bytes:
    """Tells a key from others, and nothing about it."""
    return sha256(_ID_CONTEXT + key).digest()[:ID_BYTES]


def _ciphers(text: str) -> Mapping[bytes, Cipher]:
    """By key id, in the order of the file.

    Raises:
        ConfigurationError: a line is no key, or there is none; no message has anything of the file in it.
    """
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - only where it is configured
    except ImportError as exc:
        raise ConfigurationError(f"{SETTING} needs the extra `encryption`") from exc
    found: dict[bytes, Cipher] = {}
    for number, line in enumerate(text.splitlines(), 1):
        written = line.partition("#")[0].strip()
        if not written:
            continue
        key = _decoded(written)
        if len(key) != KEY_BYTES:
            raise ConfigurationError(f"{SETTING}: line {number} is no key of {KEY_BYTES} bytes in Base64")
        found.setdefault(id_of(key), AESGCM(key))
    if not found:
        raise ConfigurationError(f"{SETTING}: the file holds no key")
    return found


def _decoded(written: str) -> bytes:
    try:
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _nonces() -> Iterator[bytes]:
    counting = NONCE_BYTES - RANDOM_BYTES
    while True:
        process = os.urandom(RANDOM_BYTES)
        for number in count():
            if number >> (8 * counting):
                break
            yield process + number.to_bytes(counting, "big")
