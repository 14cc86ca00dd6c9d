"""A command that acts on many things is told which, in one of two ways."""

import pytest
import typer

from salesloft_webhooks.cli.bulk_actions import names_or_all

FILTERS = ("--group", "--type", "--reason")


def check(names: list[str] | None, filters: tuple[str, ...] = FILTERS, *, everything: bool, filtered: bool) -> None:
    """What was named is accepted, or the usage error is raised."""
    names_or_all(names, everything=everything, filtered=filtered, items="letters", filters=filters)


@pytest.mark.parametrize(
    ("names", "everything", "filtered"),
    [(["a"], False, False), (None, True, False), ([], True, True)],
    ids=["names", "all", "filtered"],
)
def test_names_or_all_are_enough(names: list[str] | None, *, everything: bool, filtered: bool) -> None:
    """Names alone, --all alone, and --all with filters are taken."""
    check(names, everything=everything, filtered=filtered)


@pytest.mark.parametrize(
    ("names", "everything", "filtered"),
    [(None, False, False), ([], False, True), (["a"], True, False)],
    ids=["nothing", "only a filter", "both"],
)
def test_a_forgotten_argument_does_not_mean_everything(
    names: list[str] | None, *, everything: bool, filtered: bool
) -> None:
    """Neither names nor --all, or both, is wrong usage."""
    with pytest.raises(typer.BadParameter, match=r"name letters, or say --all \(with --group, --type, --reason to"):
        check(names, everything=everything, filtered=filtered)


@pytest.mark.parametrize(
    ("filters", "words"),
    [(FILTERS, "--group, --type and --reason go with --all"), (("--reason",), "--reason goes with --all")],
    ids=["several", "one"],
)
def test_filters_do_not_go_with_names(filters: tuple[str, ...], words: str) -> None:
    """A name says it all, so a filter beside it is a misunderstanding."""
    with pytest.raises(typer.BadParameter, match=words):
        check(["a"], filters, everything=False, filtered=True)
