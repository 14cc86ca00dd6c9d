"""A rep of SalesLoft's is found as the owner they are in the CRM."""

import asyncio

import pytest

from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.handlers.builtin.configuration.crm import HubSpotCrm
from salesloft_webhooks.handlers.builtin.crm.owners import KEPT_SECONDS, UNKNOWN_SECONDS, Owners

ROBIN, SAM, KIM = 1, 2, 3


class Users:
    """SalesLoft's users."""

    async def email_of(self, user_id: int) -> str | None:
        """Of the three there are."""
        return {ROBIN: "robin@example.com", SAM: "sam@example.com", KIM: "kim@example.com"}.get(user_id)


class Directory:
    """A CRM that knows whom it is given, and counts how often it is asked."""

    def __init__(self, **known: str) -> None:
        self.known = known
        self.asked = 0

    async def owner_of(self, email_address: str) -> str | None:
        """By the name before the @."""
        self.asked += 1
        await asyncio.sleep(0)
        return self.known.get(email_address.partition("@")[0])


def configuration(**more: object) -> HubSpotCrm:
    """A section with owners."""
    return HubSpotCrm.model_validate({"backend": "hubspot", "token": "x", "owner_field": "hubspot_owner_id", **more})


async def test_the_table_comes_before_the_crm() -> None:
    """By id, then by address whatever its capitals, and only then is anybody asked."""
    directory = Directory(robin="100", sam="200", kim="300")
    section = configuration(owners={ROBIN: "17", "Sam@Example.com": "18"}, owners_by_email=True)
    owners = Owners(section, directory, Users())

    assert [await owners.of(rep) for rep in (ROBIN, SAM)] == ["17", "18"]
    assert directory.asked == 0
    assert await owners.of(KIM) == "300"


async def test_nobody_is_asked_unless_configured() -> None:
    """A rep without a row then is nobody."""
    directory = Directory(kim="300")

    assert await Owners(configuration(owners={ROBIN: "17"}), directory, Users()).of(KIM) is None
    assert await Owners(configuration(owners={ROBIN: 17}), directory, None).of(None) is None
    assert directory.asked == 0


async def test_all_people_of_a_rep_take_one_question() -> None:
    """They come together after a start, and each would use up a request."""
    directory = Directory(kim="300")
    owners = Owners(configuration(owners_by_email=True), directory, Users())

    found = await asyncio.gather(*(owners.of(rep) for rep in (KIM, SAM) * 50))

    assert found == ["300", None] * 50
    assert directory.asked == 2


async def test_all_who_wait_for_a_failing_crm_fail_with_the_first() -> None:
    """One after the other they would wait for it fifty times; whoever comes later asks again."""
    now = 0.0

    class Failing(Directory):
        async def owner_of(self, email_address: str) -> str | None:
            await super().owner_of(email_address)
            raise Unavailable("away", after=1)

    directory = Failing()
    owners = Owners(configuration(owners_by_email=True), directory, Users(), lambda: now)

    outcomes = await asyncio.gather(*(owners.of(KIM) for _ in range(50)), return_exceptions=True)
    assert {type(each) for each in outcomes} == {Unavailable}
    assert directory.asked == 1

    now = 1.0
    with pytest.raises(Unavailable):
        await owners.of(KIM)
    assert directory.asked == 2


async def test_an_owners_id_may_be_written_as_a_number() -> None:
    """HubSpot's look like that, and YAML takes them for one."""
    assert await Owners(configuration(owners={ROBIN: 700}), Directory(), None).of(ROBIN) == "700"


async def test_what_the_crm_says_is_believed_for_a_while() -> None:
    """An owner for an hour; that there is none only for minutes, because somebody may be making them."""
    now = 0.0
    directory = Directory(kim="300")
    owners = Owners(configuration(owners_by_email=True), directory, Users(), lambda: now)

    for _ in range(3):
        assert await owners.of(KIM) == "300"
        assert await owners.of(SAM) is None
    assert directory.asked == 2

    directory.known["sam"] = "200"
    now = UNKNOWN_SECONDS
    assert (await owners.of(SAM), await owners.of(KIM)) == ("200", "300")
    assert directory.asked == 3

    directory.known["kim"] = "301"
    now = KEPT_SECONDS
    assert await owners.of(KIM) == "301"
