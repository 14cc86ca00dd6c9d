"""Keys follow their files, and never worse than they were."""

import os
from pathlib import Path

import pytest

from salesloft_webhooks.dialects import DialectKeys, key_kinds
from salesloft_webhooks.dialects.key_texts import split_keys
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.receiver.keyring import CHECK_SECONDS, Keyring, KeySetting

SECRETS, TOKENS, MASTERS, *_ = key_kinds()

OLD, NEW = b"the-key-of-yesterday", b"the-key-of-today-"


class Clock:
    """A clock that stands still until told otherwise."""

    seconds = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.seconds

    def advance(self) -> None:
        """Far enough for the next look at the files."""
        self.seconds += CHECK_SECONDS


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A key file that holds the old key."""
    path = tmp_path / "secret"
    path.write_bytes(OLD + b"\n")
    return path


@pytest.fixture
def keyring(path: Path, clock: Clock) -> Keyring:
    """A key ring with envelope secrets from the file and one fixed callback token."""
    settings = (
        KeySetting(SECRETS, "SECRET_FILE", file=path),
        KeySetting(TOKENS, "TOKEN", values=(b"a-fixed-callback-token",)),
    )
    return Keyring("default", settings, clock)


def secrets(keyring: Keyring, clock: Clock) -> tuple[bytes, ...]:
    """The envelope secrets at the next look."""
    clock.advance()
    return keyring.current()["envelope_secrets"]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (b"one", (b"one",)),
        (b" one , two\n", (b"one", b"two")),
        (b"one\r\ntwo\n\n", (b"one", b"two")),
        (b"one,one", (b"one",)),
        (b"with space,\xff\xfe", (b"with space", b"\xff\xfe")),
        (b" ,\n", ()),
    ],
)
def test_keys_are_separated_by_commas_and_lines(text: bytes, keys: tuple[bytes, ...]) -> None:
    """White space around keys is ignored, as editors and `echo` add it; anything else belongs to the key."""
    assert split_keys(text) == keys


def test_a_changed_file_is_read_again(keyring: Keyring, clock: Clock, path: Path) -> None:
    """A rotation in place is picked up, with several keys valid at once."""
    path.write_bytes(NEW + b"," + OLD)

    assert secrets(keyring, clock) == (NEW, OLD)


def test_the_file_is_looked_at_once_a_second(keyring: Keyring, clock: Clock, path: Path) -> None:
    """Deliveries between two looks use what is known, so the hot path touches no disk."""
    path.write_bytes(NEW)
    clock.seconds += CHECK_SECONDS / 2

    assert keyring.current()["envelope_secrets"] == (OLD,)


def test_a_swapped_symbolic_link_is_followed(tmp_path: Path, clock: Clock) -> None:
    """Kubernetes updates a mounted secret by swapping a link to a folder; even the file's time may stay the same."""
    for folder, key in (("1", b"AAAAAAAAAAAAAAAA"), ("2", b"BBBBBBBBBBBBBBBB")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "secret").write_bytes(key)
        os.utime(tmp_path / folder / "secret", (0, 0))
    link = tmp_path / "..data"
    link.symlink_to("1")
    keyring = Keyring("default", [KeySetting(SECRETS, "FILE", file=link / "secret")], clock)

    (tmp_path / "..new").symlink_to("2")
    (tmp_path / "..new").replace(link)

    assert secrets(keyring, clock) == (b"BBBBBBBBBBBBBBBB",)


def test_a_lost_file_keeps_its_keys_until_it_returns(keyring: Keyring, clock: Clock, path: Path) -> None:
    """A file that vanishes under a running receiver locks nobody out, and is read when it is back."""
    path.unlink()
    without = secrets(keyring, clock)
    path.write_bytes(NEW)

    assert without == (OLD,)
    assert secrets(keyring, clock) == (NEW,)


@pytest.mark.parametrize("content", [b"", b"\n", b" , "])
def test_an_emptied_file_keeps_its_keys(keyring: Keyring, clock: Clock, path: Path, content: bytes) -> None:
    """A writer that truncates before it writes must not lock the sender out in between."""
    path.write_bytes(content)

    assert secrets(keyring, clock) == (OLD,)
    assert secrets(keyring, clock) == (OLD,)


def test_an_unusable_file_that_is_mended_without_a_trace_is_read(
    keyring: Keyring, clock: Clock, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read error that passes by itself changes nothing about the file, so it is tried again at every look."""
    path.write_bytes(NEW)
    with monkeypatch.context() as broken:
        broken.setattr(Path, "read_bytes", lambda _: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        during = secrets(keyring, clock)

    assert during == (OLD,)
    assert secrets(keyring, clock) == (NEW,)


def test_a_problem_is_reported_once(
    keyring: Keyring, clock: Clock, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unusable file is looked at every second but told of once, or it would bury everything else."""
    reports: list[str] = []
    monkeypatch.setattr("salesloft_webhooks.receiver.keyring.log.error", lambda *_, **__: reports.append("error"))
    path.unlink()

    for _ in range(3):
        secrets(keyring, clock)

    assert len(reports) == 1


def test_one_unusable_file_does_not_hold_up_another(path: Path, clock: Clock, tmp_path: Path) -> None:
    """Each file keeps its own keys: a rotation goes on while another kind's file is broken."""
    token = tmp_path / "token"
    token.write_bytes(b"a-callback-token")
    settings = (
        KeySetting(SECRETS, "SECRET_FILE", file=path),
        KeySetting(TOKENS, "TOKEN_FILE", file=token),
    )
    keyring = Keyring("default", settings, clock)

    token.unlink()
    path.write_bytes(NEW)
    clock.advance()

    assert keyring.current() == DialectKeys(envelope_secrets=(NEW,), callback_tokens=(b"a-callback-token",))


def test_a_change_that_shares_a_key_between_kinds_is_refused(keyring: Keyring, clock: Clock, path: Path) -> None:
    """What start-up would refuse does not come in by a changed file either."""
    path.write_bytes(b"a-fixed-callback-token")

    assert secrets(keyring, clock) == (OLD,)


@pytest.mark.parametrize("content", [None, b"", b"\n,\n"], ids=["missing", "empty", "blank"])
def test_start_up_refuses_an_unusable_file(tmp_path: Path, content: bytes | None) -> None:
    """At start there are no old keys to go on with, so the message names the setting."""
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigurationError, match="SECRET_FILE"):
        Keyring("default", [KeySetting(SECRETS, "SECRET_FILE", file=path)])


def test_start_up_refuses_no_key_at_all() -> None:
    """A source without a key could only ever answer 401."""
    with pytest.raises(ConfigurationError, match="no key"):
        Keyring("default", [])


def test_start_up_refuses_a_key_of_two_kinds() -> None:
    """A token that is an envelope secret too would let one dialect's signatures into the other; no value is shown."""
    settings = (
        KeySetting(TOKENS, "TOKEN", values=(b"other", b"shared-value")),
        KeySetting(MASTERS, "SECRET", values=(b"shared-value",)),
    )

    with pytest.raises(ConfigurationError, match="TOKEN and SECRET") as caught:
        Keyring("default", settings)

    assert "shared-value" not in str(caught.value)
