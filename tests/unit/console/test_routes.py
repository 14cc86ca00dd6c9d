"""Which addresses there are."""

from salesloft_webhooks.console.application import all_routes
from salesloft_webhooks.console.people import Role


def test_without_revealing_there_is_no_address_for_it() -> None:
    """`CONSOLE_REVEAL=off` takes the routes away, and no other: it does not depend on anybody's role."""
    every, without = all_routes(), all_routes(reveal=False)

    taken = [each for each in every if each not in without]
    assert [each.path for each in taken] == ["/events/{id:path}/reveal"]
    assert {each.needs for each in taken} == {Role.REVEAL}
