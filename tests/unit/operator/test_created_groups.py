"""One object for each group: created when it is missing, removed when nobody needs it, never one that is somebody's."""

from dataclasses import dataclass, field

import pytest

from salesloft_webhooks.errors import ClusterConflict, ClusterForbidden, ClusterUnavailable, SalesloftWebhooksError
from salesloft_webhooks.operator.api_group import CREATED_BY, OPERATOR
from salesloft_webhooks.operator.created_groups import GONE_SECONDS, CreatedGroups
from salesloft_webhooks.operator.objects import GroupObject, Metadata
from tests.unit.operator.group_objects import group_object


@dataclass
class Objects:
    """A namespace in memory."""

    there: dict[str, GroupObject] = field(default_factory=dict)
    refusal: SalesloftWebhooksError | None = None
    leads: bool = True
    now: float = 1_000.0

    def __post_init__(self) -> None:
        self.created = CreatedGroups(self, lambda: self.leads, clock=lambda: self.now)

    async def create_group(self, name: str, spec: dict[str, str], labels: dict[str, str]) -> GroupObject:
        """Create one."""
        if self.refusal:
            raise self.refusal
        assert name not in self.there
        metadata = Metadata(name=name, namespace="salesloft", uid=name, labels=labels)
        self.there[name] = GroupObject(metadata=metadata, spec=spec)
        return self.there[name]

    async def delete_group(self, group: GroupObject) -> None:
        """Delete one."""
        if self.refusal:
            raise self.refusal
        del self.there[group.metadata.name]

    async def look(self, *groups: str, seconds: float = 5.0) -> list[str]:
        """The names after a look, at which these groups are registered."""
        self.now += seconds
        kept = await self.created.keep(list(self.there.values()), groups)
        assert self.refusal or {each.metadata.name for each in kept} == self.there.keys()
        return sorted(self.there)


def objects(*there: GroupObject) -> Objects:
    """A namespace with some in it."""
    return Objects({each.metadata.name: each for each in there})


async def test_every_registered_group_gets_an_object_that_says_who_made_it() -> None:
    """Its name is the group's where it can be, else the object says the group."""
    namespace = objects()

    names = await namespace.look("crm", "My_CRM")

    assert names[0] == "crm"
    assert namespace.there["crm"].metadata.labels == {CREATED_BY: OPERATOR}
    assert [each.spec for each in namespace.there.values()] == [{"group": "My_CRM"}, {}]
    assert await namespace.look("crm", "My_CRM") == names


async def test_somebodys_object_is_as_good() -> None:
    """Also under another name; the one that was created before goes then."""
    namespace = objects(group_object(created=True), group_object("mine", group="crm"))

    assert await namespace.look("crm") == ["mine"]


async def test_a_name_that_is_taken_by_another_group_is_passed_over() -> None:
    """Somebody calls an object `crm` that is about `billing`: the group crm has one of its own all the same."""
    namespace = objects(group_object("crm", group="billing"))

    names = await namespace.look("crm", "billing")

    assert len(names) == 2
    assert [each.spec for each in namespace.there.values()] == [{"group": "billing"}, {"group": "crm"}]


async def test_an_object_that_is_being_deleted_is_waited_for() -> None:
    """A second one beside it would keep a strange name for ever."""
    namespace = objects(group_object(deleting=True))

    assert await namespace.look("crm") == ["crm"]


async def test_a_created_object_goes_with_its_group_after_a_while() -> None:
    """A store that comes back empty has its groups again within seconds: nothing flaps."""
    namespace = objects(group_object(created=True))

    assert await namespace.look() == ["crm"]
    assert await namespace.look("crm", seconds=GONE_SECONDS) == ["crm"]
    assert await namespace.look() == ["crm"]
    assert await namespace.look(seconds=GONE_SECONDS - 1) == ["crm"]
    assert await namespace.look(seconds=1) == []


@pytest.mark.parametrize("mine", [group_object(), group_object(created=True, paused=True)], ids=["new", "taken over"])
async def test_somebodys_object_outlives_its_group(mine: GroupObject) -> None:
    """What somebody has declared is theirs to remove, whoever had created the object."""
    namespace = objects(mine)

    await namespace.look()

    assert await namespace.look(seconds=GONE_SECONDS) == ["crm"]


@pytest.mark.parametrize("refusal", [ClusterConflict("there"), ClusterForbidden("no")], ids=["conflict", "forbidden"])
async def test_a_refusal_does_not_keep_the_others_from_anything(refusal: SalesloftWebhooksError) -> None:
    """The next look tries again."""
    namespace = objects(group_object(created=True), group_object("mine", group="crm"))
    namespace.refusal = refusal

    await namespace.look("crm", "billing")
    namespace.refusal = None

    assert await namespace.look("crm", "billing") == ["billing", "mine"]


async def test_a_server_that_is_away_ends_the_look() -> None:
    """The loop waits, and lists again."""
    namespace = objects()
    namespace.refusal = ClusterUnavailable("away")

    with pytest.raises(ClusterUnavailable):
        await namespace.look("crm")


async def test_who_does_not_lead_changes_nothing() -> None:
    """Somebody else may be at work by now."""
    namespace = objects(group_object(created=True))
    namespace.leads = False

    assert await namespace.look("billing") == ["crm"]
    assert await namespace.look("billing", seconds=GONE_SECONDS) == ["crm"]
