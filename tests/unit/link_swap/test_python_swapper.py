"""A function of the user's that computes links."""

from pathlib import Path

import pytest

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.link_swap.opening import open_link_swaps
from salesloft_webhooks.link_swap.request import read
from salesloft_webhooks.link_swap_settings import LinkSwapSettings

OLD = "https://example.com/a"
CODE = """
import asyncio, sys
async def swap(request): return {old: "https://t.example/" + str(request.data["person"]) for old in request.links}
async def pairs(request): return [("https://example.com/a", "https://t.example/1")]
async def breaks(request): raise RuntimeError("robin@example.com")
async def leaves(request): sys.exit(1)
def blocks(request): return {}
async def inner(): sys.exit(1)
async def group(request):
    async with asyncio.TaskGroup() as tasks: tasks.create_task(inner())
async def stray(request):
    asyncio.create_task(inner())
    await asyncio.sleep(0.01)
    return {}
class Panic(BaseException): pass
async def panics(request): raise Panic("robin@example.com")
async def exits(request): raise BaseExceptionGroup("robin@example.com", [SystemExit(1)])
class Odd(dict):
    def keys(self): raise RuntimeError("robin@example.com")
async def odd(request): return Odd()
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's module, in the current directory."""
    (tmp_path / "swapping_of_a_test.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def swapping(name: str) -> LinkSwapSettings:
    """For the function of that name."""
    return LinkSwapSettings.load(link_swap_handler=f"swapping_of_a_test:{name}", link_swap_allowed_hosts="t.example")


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("swap", "https://t.example/7"),
        *((name, OLD) for name in ("pairs", "breaks", "leaves", "group", "stray", "panics", "exits", "odd")),
    ],
)
async def test_what_a_function_gives(name: str, new: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A mapping is used; anything else, an exception and even `sys.exit` leave the links, and no person is quoted."""
    settings = swapping(name)

    async with open_link_swaps(settings) as swaps:
        answer = (await swaps.answer(read(b"{}", {"links": [OLD], "person": 7}), 0.0)).links

    assert answer == {OLD: new}
    assert "robin" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("path", ["swapping_of_a_test", "no_such_module:swap", "swapping_of_a_test:blocks", "a b:c"])
async def test_what_is_no_async_function_is_a_wrong_setting(path: str) -> None:
    """It is found at the start, and not at the first mail."""
    with pytest.raises(ConfigurationError, match="LINK_SWAP_HANDLER"):
        async with open_link_swaps(LinkSwapSettings.load(link_swap_handler=path, link_swap_allowed_hosts="*")):
            pass


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"link_swap_url": "https://swap.test/"}, "LINK_SWAP_SECRET"),
        ({"link_swap_url": "https://swap.test/", "link_swap_handler": "a:b"}, "contradict"),
        ({"link_swap_secret": "a", "link_swap_secret_file": "b"}, "contradict"),
        ({"link_swap_url": "ftp://swap.test/"}, "LINK_SWAP_URL"),
        ({"link_swap_timeout_seconds": "11"}, "LINK_SWAP_TIMEOUT_SECONDS"),
        ({"link_swap_handler": "a:b"}, "LINK_SWAP_ALLOWED_HOSTS"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, str], problem: str) -> None:
    """Each by its name."""
    with pytest.raises(ConfigurationError, match=problem):
        LinkSwapSettings.load(**settings)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"link_swap_secret": "whsec_short"}, "LINK_SWAP_SECRET"),
        ({"link_swap_secret": " , "}, "LINK_SWAP_SECRET: holds no signing secret"),
        ({"link_swap_secret_file": "no-such-file"}, "LINK_SWAP_SECRET_FILE"),
        ({"link_swap_secret": "whsec_" + "a" * 40, "link_swap_allowed_hosts": "t.example/x"}, "ALLOWED_HOSTS"),
    ],
)
async def test_what_only_opening_finds(settings: dict[str, str], problem: str) -> None:
    """A secret that cannot sign, a file that is not there, a host that is none: before the first mail."""
    wrong = {"link_swap_url": "https://swap.test/", "link_swap_allowed_hosts": "*"} | settings
    with pytest.raises(ConfigurationError, match=problem):
        async with open_link_swaps(LinkSwapSettings.load(**wrong)):
            pass


def test_what_is_wrong_with_an_address_does_not_show_it() -> None:
    """It may hold a password."""
    with pytest.raises(ConfigurationError) as caught:
        LinkSwapSettings.load(link_swap_url="https://robin:hunter2@swap.test/", link_swap_allowed_hosts="*")

    assert "hunter2" not in repr(caught.value) + str(caught.value.__context__)
