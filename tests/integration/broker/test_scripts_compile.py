"""Every Lua script compiles on every engine, with room left below Lua's limit of 200 local names in a function."""

from importlib.resources import files

import pytest
from redis.exceptions import ResponseError

from salesloft_webhooks import broker
from salesloft_webhooks.broker.scripts import script
from tests.support.servers import Server

ROOM = 5
"""So many names can still be added; includes add theirs to every script that has them."""
SPARE = f"local {', '.join(f'spare_{number}' for number in range(ROOM))}"


def names() -> list[str]:
    """Of all scripts."""
    lua = files(broker).joinpath("lua")
    return sorted(each.name.removesuffix(".lua") for each in lua.iterdir() if each.name.endswith(".lua"))


def test_every_script_has_room(server: Server) -> None:
    """Each compiles as it is, and with more names that last to its end: the one with too many is named."""
    refused: dict[str, str] = {}
    with server.client() as client:
        for name in names():
            first, _, rest = script(name).source.partition("\n")  # the flags have to stay in the first line
            for source in (f"{first}\n{rest}", f"{first}\n{SPARE}\n{rest}"):
                try:
                    client.script_load(source)
                except ResponseError as exc:
                    refused.setdefault(name, str(exc))

    assert len(names()) > 1
    assert refused == {}


def test_the_limit_is_the_engines(server: Server) -> None:
    """195 names and the room are all that Lua takes; one more is refused, so the guard speaks before it."""
    taken = "\n".join(f"local name_{number} = {number}" for number in range(200 - ROOM))
    with server.client() as client:
        client.script_load(f"{SPARE}\n{taken}")

        with pytest.raises(ResponseError, match="more than 200 local variables"):
            client.script_load(f"{SPARE}\n{taken}\nlocal one_more = 1")
