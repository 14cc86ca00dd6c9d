"""Compressed bodies: how much is saved on traffic the dictionary was not trained on, and what cannot be unpacked."""

from datetime import UTC, datetime
from pathlib import Path
from random import Random

import msgspec
import pytest
from bench import train_dictionary
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.broker import body_compression
from salesloft_webhooks.broker.body_compression import (
    FRAME,
    MOST_BYTES,
    NEWEST_DICTIONARY,
    dictionaries,
    packed,
    unpacked,
    zstd,
)
from salesloft_webhooks.simulator.sales_team import SalesTeam
from tests.support import samples


def unseen_bodies(count: int) -> list[bytes]:
    """Resources of another team at another time than the dictionary was trained on."""
    team = SalesTeam(Random(train_dictionary.SEED + 98), datetime(2027, 9, 1, tzinfo=UTC))
    return [msgspec.json.encode(team.next().resource) for _ in range(count)]


@given(st.binary(max_size=4096).filter(lambda body: not body.startswith(FRAME)))
def test_every_body_comes_back(body: bytes) -> None:
    """Whatever a body is, what is kept of it is no larger and unpacks to it."""
    stored = packed(body)

    assert len(stored) <= len(body)
    assert unpacked(stored) == body


def test_unseen_traffic_is_halved_twice() -> None:
    """Bodies the dictionary does not know take less than a quarter; the documented sample, of other words, half."""
    bodies = unseen_bodies(1_000)
    sample = samples.email().raw_data

    assert sum(len(packed(body)) for body in bodies) < 0.25 * sum(map(len, bodies))
    assert len(packed(sample)) < 0.5 * len(sample)
    assert [unpacked(packed(body)) for body in bodies] == bodies


def test_a_frame_names_its_dictionary() -> None:
    """So that frames of several dictionaries can stand side by side; the files are named by it, too."""
    frame = packed(samples.email().raw_data)

    assert zstd.get_frame_info(frame).dictionary_id == NEWEST_DICTIONARY
    assert NEWEST_DICTIONARY in dictionaries()


def test_the_dictionary_is_what_training_gives(tmp_path: Path) -> None:
    """What the committed command writes is what is shipped, to the byte and under its id: nobody's data is in it."""
    train_dictionary.main(tmp_path)

    (trained,) = tmp_path.iterdir()
    assert trained.name == f"{NEWEST_DICTIONARY}.zdict"
    assert trained.read_bytes() == dictionaries()[NEWEST_DICTIONARY].dict_content


def test_bodies_of_an_older_dictionary_are_read_beside_those_of_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as the package has a file for it, whichever dictionary is written with."""
    older = zstd.train_dict(OTHER_BODIES, 1_024)
    known = {**dictionaries(), older.dict_id: older}
    monkeypatch.setattr(body_compression, "dictionaries", lambda: known)
    body = b'{"id":1,"other":"7"}' * 9

    assert unpacked(zstd.compress(body, zstd_dict=older)) == body
    assert unpacked(packed(body)) == body


OTHER_BODIES = [b'{"id":%d,"other":"%d"}' % (n, n * 7) for n in range(2_000)]


def other_dictionary() -> bytes:
    """A frame made with a dictionary that this version does not have."""
    dictionary = zstd.train_dict(OTHER_BODIES, 1_024)
    return zstd.compress(b'{"id":1,"other":"7"}' * 9, zstd_dict=dictionary)


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(other_dictionary(), id="of a newer version"),
        pytest.param(packed(samples.email().raw_data)[:-5], id="cut off"),
        pytest.param(packed(samples.email().raw_data)[:20] + b"\xff" * 200, id="damaged"),
        pytest.param(FRAME, id="nothing but the beginning"),
        pytest.param(zstd.compress(bytes(MOST_BYTES + 1), zstd_dict=dictionaries()[NEWEST_DICTIONARY]), id="a bomb"),
    ],
)
def test_what_cannot_be_unpacked_stays_as_it_is(stored: bytes) -> None:
    """It is told by no error that would stop a worker, and it is not lost for a version that can read it."""
    assert unpacked(stored) == stored
