"""What was answered a moment ago."""

import tracemalloc

from salesloft_webhooks.link_swap.memory import MAX_CHARACTERS, SECONDS, AnswerMemory
from tests.unit.link_swap.test_circuit import Clock


def test_an_answer_is_remembered_for_a_while() -> None:
    """And as it was first."""
    clock = Clock()
    memory = AnswerMemory(clock)
    memory.remember("key", {"a": "b"})
    memory.remember("key", {"a": "c"})

    assert memory.recall("key") == {"a": "b"}
    clock.now += SECONDS
    assert memory.recall("key") is None


def test_its_size_is_bounded() -> None:
    """The oldest answers go; one that is larger than all of it is not kept."""
    memory = AnswerMemory(Clock())
    half = {"a": "b" * (MAX_CHARACTERS // 2 - 1000)}

    for key in ("one", "two", "three"):
        memory.remember(key, half)

    assert [memory.recall(key) is not None for key in ("one", "two", "three")] == [False, True, True]
    memory.remember("huge", {"a": "b" * MAX_CHARACTERS})
    assert memory.recall("huge") is None


def test_many_short_links_count_as_what_they_take() -> None:
    """Sixty-four questions of as many links as fit into one stay below what a receiver may take for all of them."""
    memory = AnswerMemory(Clock())
    tracemalloc.start()
    try:
        for question in range(64):
            memory.remember(str(question), {text: text for text in (f"{question}{n}" for n in range(20_000))})
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held < 3 * MAX_CHARACTERS
