"""Compressed bodies: how much is saved on traffic the dictionary was not trained on, and what cannot be unpacked."""

from datetime import UTC, datetime
from random import Random

import msgspec
import pytest
from bench import train_dictionary
from hypothesis import given
from hypothesis import strategies as st

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


def other_dictionary() -> bytes:
    """A frame made with a dictionary that this version does not have."""
    dictionary = zstd.train_dict([b'{"id":%d,"other":"%d"}' % (n, n * 7) for n in range(2_000)], 1_024)
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


def test_the_dictionary_is_the_trained_one() -> None:
    """What is shipped is what the committed command trains."""
    bodies = train_dictionary.bodies(train_dictionary.SEED, train_dictionary.BODIES)

    trained = zstd.train_dict(bodies, train_dictionary.DICTIONARY_BYTES)

    assert trained.dict_content == dictionaries()[NEWEST_DICTIONARY].dict_content
