"""What people are told of keys that the operator makes; never a key."""

from collections.abc import Sequence
from datetime import UTC, datetime

from salesloft_webhooks.operator.key_rotation import Action, Stage
from salesloft_webhooks.operator.key_secret import Place

NORMAL, WARNING = "Normal", "Warning"
_EVENTS = {
    Action.MAKE: (NORMAL, "KeyMade", "made Secret {secret} with key {key}"),
    Action.PUT_BACK: (WARNING, "KeysPutBack", "put back into Secret {secret} what somebody took away and is needed"),
    Action.ACCEPT: (WARNING, "KeysAccepted", "Secret {secret} was changed by somebody else; its first key is {key}"),
    Action.ADD: (NORMAL, "RotationBegun", "put key {key} before the one in Secret {secret}"),
    Action.RETIRE: (NORMAL, "RotationEnded", "nothing is signed with older keys: Secret {secret} has {key} alone"),
}
_LOST = (
    WARNING,
    "KeysLost",
    "the keys in Secret {secret} are gone: {key} is a new one, and what former ones signed is not ours any more",
)
HANDED_OVER = (NORMAL, "KeysHandedOver", "Secret {secret}, which was made for {name}, goes with this object now")
_STAGES = {
    Stage.NOT_OWNED: "Secret {secret} was not made by the operator for this object: it is used, and never changed",
    Stage.CHANGED: "Secret {secret} has been written",
    Stage.KEPT: "the key of Secret {secret} changes when that is asked for",
    Stage.WAITING: "a rotation is due, and begins when everything is as declared",
    Stage.ROTATING: "the keys of Secret {secret} are all accepted until everything is signed with the first",
    Stage.RETIRING: "nothing is signed with the older key of Secret {secret}, which goes some minutes from now",
}


def event_of(action: Action, place: Place, first: str, *, lost: bool) -> tuple[str, str, str]:
    """Type, reason and text of the event about an action.

    Args:
        action: What was done.
        place: Where.
        first: The fingerprint of the key that is used now.
        lost: Whether there were keys before.
    """
    kind, reason, words = _LOST if lost and action is Action.MAKE else _EVENTS[action]
    return kind, reason, words.format(secret=place.secret, key=first)


def message_of(stage: Stage, place: Place, due: float | None, behind: Sequence[str] = ()) -> str:
    """What the condition says.

    Args:
        stage: Where the keys are.
        place: Where they are kept.
        due: When they change by themselves, in Unix seconds; None: never.
        behind: Who else has something that an older key signs.
    """
    if stage is Stage.ROTATING and behind:
        return f"{_STAGES[stage].format(secret=place.secret)}, also that of {', '.join(behind)}"
    if stage is Stage.KEPT and due is not None:
        return f"the key of Secret {place.secret} changes on {datetime.fromtimestamp(due, UTC):%Y-%m-%d}"
    return _STAGES[stage].format(secret=place.secret)
