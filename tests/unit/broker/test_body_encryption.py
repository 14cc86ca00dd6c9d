"""Bodies are sealed with the first key of a file and opened with any, for what they belong to and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks import secret_file
from salesloft_webhooks.broker.body_encryption import MARK, OVERHEAD, BodyKeys, key_line, key_of
from salesloft_webhooks.broker.sealed_data import opened, opened_fields, seal_body, seal_rest
from salesloft_webhooks.errors import BodyUnreadable, ConfigurationError

FIRST, SECOND = key_line(), key_line()
_KEYS: list[BodyKeys] = []
"""For a test by Hypothesis, which no fixture of a function goes with."""
BODY = b'{"id":1,"name":"Ada Lovelace"}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A key file with one key."""
    file = tmp_path / "keys"
    file.write_text(FIRST + "\n")
    return file


@pytest.fixture(autouse=True)
def _followed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_file, "CHECK_SECONDS", 0.0)


def test_what_is_sealed_shows_nothing_and_opens(path: Path) -> None:
    """A sealed body has nothing of the plain one, some bytes more than it, and opens to it; twice it is another."""
    keys = BodyKeys(path)

    sealed, again = keys.seal(BODY, b"a"), keys.seal(BODY, b"a")

    assert sealed[: len(MARK)] == MARK
    assert b"Ada" not in sealed
    assert len(sealed) == len(BODY) + OVERHEAD
    assert sealed != again
    assert keys.open(sealed, b"a") == keys.open(again, b"a") == BODY
    assert (key_of(sealed),) == keys.ids


def test_it_opens_beside_its_event_only(path: Path) -> None:
    """Put into another event, or changed by a bit, it does not open, and the error says no more than the key."""
    keys = BodyKeys(path)
    sealed = seal_body(keys, BODY, "e1")
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])

    for body, event in ((sealed, "e2"), (changed, "e1"), (sealed[:20], "e1")):
        with pytest.raises(BodyUnreadable, match=keys.ids[0]):
            opened(keys, body, b"", event)


@pytest.fixture(autouse=True, scope="module")
def _keys_of_the_module(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("keys") / "keys"
    file.write_text(FIRST)
    _KEYS.append(BodyKeys(file))


@given(rest=st.binary(max_size=40), place=st.sampled_from([b"", b"123-4"]))
def test_a_shared_body_opens_beside_those_that_share_it(rest: bytes, place: bytes) -> None:
    """What an event adds is sealed as well, knows whose body it goes with, and opens beside its own event only."""
    keys = _KEYS[0]
    body, of = seal_body(keys, BODY, "first"), b"%s 12 %s" % (place, seal_rest(keys, rest, "second", "first"))

    assert opened(keys, body, of, "second") == (BODY, b"%s 12 %s" % (place, rest))
    with pytest.raises(BodyUnreadable):
        opened(keys, body, of, "third")
    with pytest.raises(BodyUnreadable):
        opened(keys, seal_body(keys, BODY, "other"), of, "second")


def test_keys_change_without_a_restart(path: Path) -> None:
    """A second key opens once it stands in the file, seals once it is the first, and is named when it is gone."""
    keys = BodyKeys(path)
    old = keys.seal(BODY, b"a")

    path.write_text(f"# both\n{SECOND}\n\n{FIRST}\n")
    new = keys.seal(BODY, b"a")
    assert keys.open(old, b"a") == keys.open(new, b"a") == BODY
    assert key_of(new) != key_of(old)

    path.write_text(SECOND)
    with pytest.raises(BodyUnreadable, match=f"the key {key_of(old)}, which BODY_KEY_FILE does not have"):
        keys.open(old, b"a")


@pytest.mark.parametrize(
    "broken", ["", "# nothing\n", "not base64", FIRST[:20]], ids=["empty", "comment", "text", "cut"]
)
def test_a_file_that_breaks_keeps_the_keys(path: Path, broken: str) -> None:
    """Half written it changes nothing for a running process; at its start it is refused, and nothing of it is said."""
    keys = BodyKeys(path)
    sealed = keys.seal(BODY, b"a")

    path.write_text(broken)

    assert keys.open(sealed, b"a") == BODY
    with pytest.raises(ConfigurationError) as refused:
        BodyKeys(path)
    assert not broken.strip("# \n") or broken.strip("# \n") not in str(refused.value)
    assert FIRST[:10] not in repr(keys)


@pytest.mark.parametrize(
    ("keys", "why"),
    [(lambda _: None, "is not set"), (BodyKeys, "does not have")],
    ids=["no file", "another key"],
)
def test_people_are_told_which_key_is_missing(
    path: Path, tmp_path: Path, keys: Callable[[Path], BodyKeys | None], why: str
) -> None:
    """Fields whose body cannot be opened say why, name the key and have no data."""
    sealed = seal_body(BodyKeys(path), BODY, "e1")
    other = tmp_path / "other"
    other.write_text(SECOND)

    fields = opened_fields(keys(other), {b"id": b"e1", b"body": sealed})

    assert fields[b"body"] == b""
    assert key_of(sealed) in fields[b"unreadable"].decode()
    assert why in fields[b"unreadable"].decode()
