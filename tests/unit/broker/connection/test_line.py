"""What hiredis packs is what redis-py would have sent."""

import hiredis
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio.connection import Connection

WORDS = st.one_of(st.text(), st.binary(), st.integers(), st.floats())


@given(st.lists(WORDS, min_size=1))
def test_commands_are_packed_as_redis_py_packs_them(words: list[str | bytes | int | float]) -> None:
    """Text, bytes and numbers of all sizes go to the server as the same bytes."""
    command = ("EVALSHA", *words)

    assert hiredis.pack_command(command) == b"".join(Connection().pack_command(*command))  # type: ignore[arg-type]
