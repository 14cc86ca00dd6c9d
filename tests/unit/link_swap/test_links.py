"""Which of a swapper's links are believed."""

from enum import StrEnum
from unittest.mock import Mock

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.link_swap.links import LONGEST, AllowedHosts, acceptable, host_of, swap

OLD = "https://example.com/a"
LINKS = st.sampled_from([OLD, "https://t.example/1", "http://t.example/2", "javascript:alert(1)", "https://evil.test/"])
ANYTHING = st.one_of(st.none(), st.integers(), st.text(), LINKS, st.lists(st.text()))


@given(asked=st.lists(st.text() | LINKS), answer=st.dictionaries(st.text() | LINKS, ANYTHING))
def test_an_answer_has_each_link_that_was_asked_for_and_no_other(asked: list[str], answer: dict[str, object]) -> None:
    """Whatever a swapper gives: the same keys, and for each itself or an acceptable link that was given for it."""
    hosts = AllowedHosts(["t.example"])

    result = swap(asked, answer, hosts)

    assert list(result.links) == list(dict.fromkeys(asked))
    assert all(new == old or (new == answer[old] and host_of(new) == "t.example") for old, new in result.links.items())
    assert result.swapped == sum(old != new for old, new in result.links.items())
    assert min(result.unchanged, result.refused) >= 0


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    """Accepted or not, never an exception; what is accepted begins as a web link does and has no blank in it."""
    if acceptable(text, AllowedHosts(["*"])):
        assert text.lower().startswith(("http://", "https://"))
        assert not any(character.isspace() or ord(character) < 32 for character in text)


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("javascript:alert(1)", id="script"),
        pytest.param("data:text/html,x", id="data"),
        pytest.param("mailto:robin@example.com", id="mailto"),
        pytest.param("//t.example/1", id="no-scheme"),
        pytest.param("/1", id="path"),
        pytest.param("https:///1", id="no-host"),
        pytest.param("https://user@t.example/", id="user"),
        pytest.param("https://user:word@t.example/", id="user-and-password"),
        pytest.param("https://t.example\\@evil.test/", id="backslash"),
        pytest.param("https://t.example/\nx", id="line-break"),
        pytest.param(" https://t.example/", id="leading-blank"),
        pytest.param("https://%74.example/", id="percent-in-host"),
        pytest.param("https://t.example:70000/", id="port"),
        pytest.param("https://t..example/", id="empty-label"),
        pytest.param("https://-t.example/", id="hyphen"),
        pytest.param("https://t.example\u3002evil.test/", id="ideographic-full-stop"),
        pytest.param("https://\uff54.example/", id="full-width"),
        pytest.param("https://t.example/\u202efdp.exe", id="right-to-left"),
        pytest.param("https://t.example/\u2066x", id="isolate"),
        pytest.param("https://t.example/\U000e0041", id="invisible-tag"),
        pytest.param("https://t.example/\ud800", id="half-a-character"),
        pytest.param('https://t.example/"><b/x=', id="quote"),
        pytest.param("https://t.example/'onclick=x", id="single-quote"),
        pytest.param("https://t.example/<b>", id="tag"),
        pytest.param("https://t.example:\u0664\u0664\u0663/", id="port-in-another-script"),
        pytest.param("https://t.example/" + "x" * LONGEST, id="too-long"),
        pytest.param("https://" + "x" * 64 + ".example/", id="label-too-long"),
        pytest.param("https://" + "\u00fc." * 127 + "example/", id="international-and-too-long"),
        pytest.param(7, id="number"),
        pytest.param(None, id="none"),
        pytest.param(["https://t.example/"], id="list"),
    ],
)
def test_what_is_no_plain_web_link_is_refused(link: object) -> None:
    """The link stays itself, and counts as refused."""
    result = swap([OLD], {OLD: link}, AllowedHosts(["*"]))

    assert (result.links, result.swapped, result.refused) == ({OLD: OLD}, 0, 1)


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("HTTPS://T.Example:8443/a?b=%20#c", "t.example"),
        ("http://t.example.", "t.example"),
        ("https://b\u00fccher.example/\u00fc", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("https://192.0.2.7/", "192.0.2.7"),
        ("https://[2001:db8::1]:443/", "[2001:db8::1]"),
    ],
)
def test_hosts_are_told_as_dns_has_them(link: str, host: str) -> None:
    """In lower case, without the root's dot, and international names in ASCII."""
    assert host_of(link) == host


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("t.example", True),
        ("a.t.example", False),
        ("a.wild.example", True),
        ("b.a.wild.example", True),
        ("wild.example", False),
        ("notwild.example", False),
        ("b\u00fccher.example", True),
        ("xn--bcher-kva.example", True),
        ("t.example.evil.test", False),
    ],
)
def test_only_listed_hosts_are_led_to(host: str, *, allowed: bool) -> None:
    """A name allows itself, a star what is below a name; an international one in either spelling."""
    hosts = AllowedHosts(["T.example", "*.wild.example", "b\u00fccher.example"])

    assert acceptable(f"https://{host}/x", hosts) is allowed


@pytest.mark.parametrize("pattern", ["*.", "**", "https://t.example", "t.example/x", "a b", "*.*.example", ""])
def test_a_pattern_that_is_no_host_is_a_mistake(pattern: str) -> None:
    """It would allow nothing, or more than was meant."""
    with pytest.raises(ValueError, match="is no host name"):
        AllowedHosts([pattern])


def test_a_star_alone_is_any_host() -> None:
    """Also beside others; without it and without hosts there is none."""
    assert acceptable("https://evil.test/", AllowedHosts(["t.example", "*"]))
    assert not acceptable("https://evil.test/", AllowedHosts([]))


class _Odd:
    """What libraries of tables give for a comparison: no answer to yes or no."""

    def __eq__(self, other: object) -> bool:
        raise TypeError("the truth of this is ambiguous")

    def __hash__(self) -> int:
        return 1


class _Shown(StrEnum):
    """Its text is one link and what it shows is another."""

    LINK = "https://t.example/1"

    def __str__(self) -> str:
        return "https://evil.test/"


@pytest.mark.parametrize(
    ("given", "link"),
    [
        pytest.param(_Odd(), OLD, id="no-comparison"),
        pytest.param(_Shown.LINK, "https://t.example/1", id="enum"),
        pytest.param(Mock(spec=str), OLD, id="says-it-is-text"),
    ],
)
def test_what_was_judged_is_what_is_answered(given: object, link: str) -> None:
    """Whatever objects a function gives: never an exception, never another text than the one that was looked at."""
    [answered] = swap([OLD], {OLD: given}, AllowedHosts(["t.example"])).links.values()

    assert (type(answered), answered) == (str, link)


def test_ten_thousand_links() -> None:
    """Each has its own, in the order in which they were asked for."""
    asked = [f"https://example.com/{number}" for number in range(10_000)]

    result = swap(asked, {old: old.replace("example.com", "t.example") for old in reversed(asked)}, AllowedHosts(["*"]))

    assert (result.swapped, result.refused, list(result.links)) == (10_000, 0, asked)


def test_what_takes_too_long_stays_as_it_is() -> None:
    """Each link is answered, and those that were judged in time are swapped."""
    asked = [f"https://example.com/{number}" for number in range(5)]
    times = iter([True, True, False])

    result = swap(asked, dict.fromkeys(asked, "https://t.example/"), AllowedHosts(["*"]), lambda: next(times))

    assert list(result.links.values()) == ["https://t.example/"] * 2 + asked[2:]
    assert (result.swapped, result.unchanged) == (2, 3)


def test_a_long_host_is_not_even_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """IDNA takes milliseconds for it, and there may be many in one answer."""
    monkeypatch.setattr(httpx2, "URL", None)

    assert host_of("https://" + "\u00fc" * 2_000 + "/") is None
