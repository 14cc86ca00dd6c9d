"""The search finds what it is for: faults behind conditions that no chance meets, slowness, memory, secrets."""

import pytest

from tests.fuzz import bounds
from tests.fuzz.bounds import SECRET, BoundExceeded, check_memory, check_time, refusing
from tests.fuzz.search import Found, Search, Target, smallest
from tests.fuzz.targets import deliveries

INPUTS = 12_000
WORDS = (b"alpha", b"beta", b"gamma", b"delta")


class _Fault(Exception):
    """What is hidden."""


def _hidden(data: bytes) -> None:
    """A fault behind four words in a row, each of which is looked for behind the one before."""
    if data.startswith(b"delta"):
        rest = data.removeprefix(b"delta")
        if rest.startswith(b"alpha"):
            rest = rest.removeprefix(b"alpha")
            if rest.startswith(b"gamma"):
                rest = rest.removeprefix(b"gamma")
                if rest.startswith(b"beta"):
                    raise _Fault


def _searched(modules: tuple[str, ...]) -> Found:
    return Search(Target(_hidden, modules, WORDS, longest_bytes=40), 7).run([], 60, INPUTS)


def test_what_was_run_leads_the_search() -> None:
    """With the lines to guide it the fault is found, with as many inputs by chance it is not; and it is made small."""
    guided, blind = _searched((__name__,)), _searched(("nothing",))

    assert (type(guided.problem), guided.fault) == (_Fault, b"deltaalphagammabeta")
    assert (blind.problem, blind.inputs) == (None, INPUTS)


def test_a_corpus_is_as_small_as_its_arcs_allow() -> None:
    """Of inputs that run the same the shortest is kept."""
    kept = {b"long": frozenset({(0, 1, 1)}), b"a": frozenset({(0, 1, 4)}), b"bb": frozenset({(0, 1, 1), (1, 2, 1)})}

    assert smallest(kept) == [b"a", b"bb"]


def test_an_early_end_of_a_comparison_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verification that accepts a signature which begins rightly is a fault that the target sees."""
    monkeypatch.setattr(
        "salesloft_webhooks.dialects.signatures.hmac.compare_digest", lambda one, other: one[:1] == other[:1]
    )
    target = deliveries.SIGNATURES
    forged = [
        b"X-Salesloft-Timestamp: 1772875574\nX-Salesloft-Signature: " + b"%x" % digit * 64 + b"\n\n{}"
        for digit in range(16)
    ]

    found = Search(target, 1).run(forged, 30, len(forged) + 1)

    assert str(found.problem).startswith("nobody has signed this")


def test_a_secret_in_an_error_is_found() -> None:
    """Also in what it hangs on to, and shortened."""
    error = ValueError("wrong")
    error.__context__ = KeyError(SECRET[:14])

    with pytest.raises(BoundExceeded), refusing(ValueError):
        raise error


def test_what_costs_too_much_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that grows with the square of the input, and memory that one byte asks for."""
    monkeypatch.setattr(bounds, "SECONDS", 0.01)

    with pytest.raises(BoundExceeded, match=r" s for 1000 bytes"):
        check_time(lambda data: list(map(abs, range(len(data) ** 2))).clear(), b"x" * 1_000)
    with pytest.raises(BoundExceeded, match="bytes of memory"):
        check_memory(lambda _: bytearray(20_000_000).clear(), b"x")
