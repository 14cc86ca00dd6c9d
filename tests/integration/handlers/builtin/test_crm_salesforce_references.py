"""What looks like a reference of Composite's is text: it is neither replaced nor refused."""

from tests.integration.handlers.builtin.salesforce_backend import BOTH, Connected, connected, someone
from tests.integration.handlers.builtin.test_crm_salesforce_activities import LOG, PERSON, meeting, sent
from tests.support.standins.http import Answer, Request
from tests.support.standins.salesforce_parts import BASE, parts_of, refers
from tests.support.standins.salesforce_records import ACTIVITY_ID, EXTERNAL_ID

TEXT = "Price @{r0[0].id} @{any.code}"


def refused(crm: Connected) -> bool:
    """Whether there was a reference where Salesforce looks for them: another part's answer could stand there."""
    shared = [request.json for request in crm.standin.requests if request.path == f"{BASE}/composite"]
    return any(refers(part) for body in shared for part in body["compositeRequest"])


async def test_texts_with_references_are_logged_as_they_are() -> None:
    """A mail and a meeting in one batch: whichever part has such a text, both are logged, and the text is the same."""
    for mail, title in ((TEXT, "Demo"), ("Hello", TEXT), (TEXT, TEXT)):
        async with connected(**LOG) as crm:
            crm.standin.records.add("Contact", LastName="A", **{EXTERNAL_ID: PERSON})

            assert await crm.log(sent(subject=mail), meeting(title=title)) == [None, None]

            (task,) = crm.standin.bearing("Task", ACTIVITY_ID).values()
            (event,) = crm.standin.bearing("Event", ACTIVITY_ID).values()
            assert (task["Subject"], event["Subject"]) == (f"Email: {mail}", title)
            assert not refused(crm)


async def test_people_with_references_in_their_fields_are_saved() -> None:
    """One who is changed and one who is made; whoever else is in the batch still comes in one request."""
    async with connected(**BOTH, create_as="Lead") as crm:
        crm.standin.records.add("Contact", LastName="A", **{EXTERNAL_ID: "1"})
        crm.standin.records.add("Lead", LastName="A", Company="C", Email="p2@example.com")

        assert await crm.save(someone(1), someone(2), someone(3, title=TEXT)) == [None] * 3

        assert crm.standin.bearing("Lead")["3"]["Title"] == TEXT
        assert crm.standin.contacts["1"]["Title"] == crm.standin.bearing("Lead")["2"]["Title"]
        assert not refused(crm)
        writes = [each.path for each in crm.standin.requests if "sobjects/" in each.path and each.method == "PATCH"]
        assert writes == [f"{BASE}/composite/sobjects/Lead/{EXTERNAL_ID}"]


async def test_an_address_with_a_reference_finds_nobody_and_holds_up_nobody() -> None:
    """Look-ups always come together: it stands in none of them, and its neighbours are found."""
    async with connected(**BOTH, owners_by_email=True, owner_field="OwnerId") as crm:
        own = crm.standin.records.add("Contact", LastName="A", Email="p2@example.com")

        outcomes = await crm.save(someone(1, email_address="@{r0.id}x@example.com"), someone(2))

        assert outcomes == [None, None]
        assert crm.standin.records.by_id[own].value(EXTERNAL_ID) == "2"
        assert not refused(crm)
        assert await crm.backend.owner_of("@{r0.id}@example.com") is None


async def test_the_slowest_write_fits_into_a_claim() -> None:
    """Its token has expired, and each object's changes go by themselves: no more requests than a claim has time for."""
    async with connected(**BOTH, create_as="Lead") as crm:
        records, usual, made = crm.standin.records, crm.standin.respond, list[Request]()
        records.add("Contact", LastName="A", **{EXTERNAL_ID: "1"})
        records.delete(records.convert(records.add("Lead", LastName="A", Company="C", **{EXTERNAL_ID: "2"})))

        def respond(request: Request) -> Answer:
            if any("/composite/sobjects" in part.path for part in parts_of(request)) and not made:
                crm.standin.expire()
                made.append(request)
            elif made:
                made.append(request)
            return usual(request)

        crm.standin.respond = respond
        assert await crm.save(*(someone(number, title=TEXT) for number in (1, 2, 3))) == [None] * 3

        seconds = len(made) * crm.backend._configuration.timeout_seconds
        assert len(made) >= 5, "a refusal, a login, and three writes"
        assert seconds <= crm.backend._adopter.claim_seconds / 2
