"""What can be said of a `SalesloftSubscription`, from a round or from what stood in its way; pure.

    ==================  ==============================================================================================
    Ready               every event type that is wanted is delivered, with a token that the receivers accept
    Progressing         something is being changed, or a change waits for its time
    CredentialsValid    SalesLoft takes the credentials, and they are of the same team as ever
    KeysSpread          the first key is accepted by every receiver
    Conflicting         at our address are subscriptions that none of our keys has signed
    KeysManaged         the operator makes the keys (`keys.mode: Manage`); the reason says how far a change of them is
    ==================  ==============================================================================================

While SalesLoft is away, `Ready` stays as it was: what was delivered is delivered still. Its reason then says why nobody
knows.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from salesloft_webhooks.errors import SalesloftError
from salesloft_webhooks.operator.conditions import FALSE, TRUE, UNKNOWN, status_of
from salesloft_webhooks.operator.managed_keys import KeysReport
from salesloft_webhooks.operator.objects import Condition
from salesloft_webhooks.operator.subscription_look import CREDENTIALS_VALID, KEYS_SPREAD, READY, Blocked
from salesloft_webhooks.operator.times import seconds_time
from salesloft_webhooks.subscriptions import Desired, FailureReason, Phase, Plan, Round, SigningKey, Why
from salesloft_webhooks.subscriptions.plan import DRAIN_SECONDS, SPREAD_SECONDS

Receivers = Mapping[str, frozenset[str]] | None

PROGRESSING, CONFLICTING, KEYS_MANAGED = "Progressing", "Conflicting", "KeysManaged"
MOST_NAMED = 20
_LOGIN = (FailureReason.CREDENTIALS_REFUSED, FailureReason.FORBIDDEN)
_UNDER_WAY = (Phase.SPREADING, Phase.CREATING, Phase.DRAINING)


def when_blocked(blocked: Blocked) -> tuple[Condition, ...]:
    """What is said when somebody has to do something first."""
    said = [_said(READY, FALSE, blocked.reason, str(blocked)), _said(PROGRESSING, FALSE, "Blocked", str(blocked))]
    if blocked.about != READY:
        said.append(_said(blocked.about, FALSE, blocked.reason, str(blocked)))
    return tuple(said)


def when_unseen(error: SalesloftError, reason: FailureReason, before: Sequence[Condition]) -> tuple[Condition, ...]:
    """What is said when SalesLoft's list could not be had."""
    words = str(error)
    progressing = _said(PROGRESSING, FALSE, reason, words)
    if reason in _LOGIN:
        return (
            _said(READY, FALSE, reason, words),
            progressing,
            _said(CREDENTIALS_VALID, FALSE, reason, words),
        )
    return _said(READY, status_of(before, READY), reason, words), progressing


def when_managed(report: KeysReport | None, before: Sequence[Condition]) -> tuple[Condition, ...]:
    """What is said of keys that the operator makes, or no longer makes."""
    if report is not None:
        return (_said(KEYS_MANAGED, TRUE if report.managed else FALSE, report.reason, report.message),)
    if status_of(before, KEYS_MANAGED) == UNKNOWN:
        return ()
    return (_said(KEYS_MANAGED, FALSE, "Observed", "others write the keys, as is declared"),)


def when_seen(
    done: Round, desired: Desired, keys: Sequence[SigningKey], receivers: Receivers, behind: Sequence[str] = ()
) -> tuple[Condition, ...]:
    """What is said of a round whose list was had.

    Args:
        done: The round.
        desired: What is wanted.
        keys: Those of the source; the first is to be used.
        receivers: The fingerprints that each live receiver accepts; None: nobody can tell.
        behind: Names of other objects that still need an older key.
    """
    return tuple(_seen(done, desired, keys, receivers, behind))


def _seen(
    done: Round, desired: Desired, keys: Sequence[SigningKey], receivers: Receivers, behind: Sequence[str]
) -> Iterator[Condition]:
    plan = done.plan
    yield _ready(done, desired)
    yield _progressing(plan)
    if done.failure in _LOGIN:
        yield _said(CREDENTIALS_VALID, FALSE, str(done.failure), str(done.error))
    else:
        yield _said(CREDENTIALS_VALID, TRUE, "Accepted", "")
    yield _keys_spread(plan, keys[0].fingerprint, receivers, behind)
    if plan.foreign:
        words = f"not ours, none of the keys gives their token: {named(plan.foreign)}"
        yield _said(CONFLICTING, TRUE, "ForeignSubscriptions", words)
    else:
        yield _said(CONFLICTING, FALSE, "NothingForeign", "")


def _ready(done: Round, desired: Desired) -> Condition:
    plan, wanted = done.plan, desired.routes
    if plan.why is Why.TOKENS_HIDDEN:
        return _said(READY, UNKNOWN, plan.why, "SalesLoft shows no tokens: nobody can say which are ours")
    missing = sorted({route.event for route in wanted} - plan.active)
    words = f"not delivered: {', '.join(missing[:MOST_NAMED])}" if missing else ""
    if done.error is not None:
        words = f"{words}; {done.error}" if words else str(done.error)
    if not missing:
        reason = Why.SUSPENDED if plan.why is Why.SUSPENDED else done.failure or "AsDeclared"
        return _said(READY, TRUE, reason, words)
    return _said(READY, FALSE, done.failure or plan.why or "Creating", words)


def _progressing(plan: Plan) -> Condition:
    if plan.steps or (plan.phase in _UNDER_WAY and plan.why is not Why.SUSPENDED):
        return _said(PROGRESSING, TRUE, plan.phase if plan.phase is not Phase.IDLE else "Changing", _waiting(plan))
    if plan.why:
        return _said(PROGRESSING, TRUE if plan.why is Why.LISTS_DISAGREE else FALSE, plan.why, "")
    return _said(PROGRESSING, FALSE, "Settled", "")


def _waiting(plan: Plan) -> str:
    """What is waited for, and until when: a time that stays the same from look to look, so that nothing is written."""
    memory = plan.memory
    if plan.phase is Phase.SPREADING and plan.wait_seconds is not None:
        until = seconds_time(math.ceil(memory.key_since + SPREAD_SECONDS))
        return f"no receiver says which keys it accepts: the first key is used from {until} on"
    if plan.phase is Phase.SPREADING:
        return "the first key is used when every receiver accepts it"
    if plan.phase is Phase.DRAINING and memory.complete_since is not None:
        until = seconds_time(math.ceil(memory.complete_since + DRAIN_SECONDS))
        return f"what older keys sign is kept until {until}, for SalesLoft's repeats"
    return ""


def _keys_spread(plan: Plan, first: str, receivers: Receivers, behind: Sequence[str]) -> Condition:
    if plan.why in (Why.SUSPENDED, Why.TOKENS_HIDDEN, Why.LISTS_DISAGREE):
        return _said(KEYS_SPREAD, UNKNOWN, plan.why, "")
    if plan.phase is Phase.SPREADING:
        lacking = sorted(name for name, accepted in (receivers or {}).items() if first not in accepted)
        who = f"not accepted by {named(lacking)}" if lacking else "no receiver says that it accepts it"
        return _said(KEYS_SPREAD, FALSE, Why.KEY_NOT_SPREAD, f"key {first}: {who}")
    if plan.phase is Phase.RETIRING and behind:
        words = f"everything of this object is signed with key {first}, and not everything of {named(behind)}"
        return _said(KEYS_SPREAD, TRUE, "OldKeyNeeded", words)
    if plan.phase is Phase.RETIRING:
        words = f"everything is signed with key {first}: the others may go, ten minutes from now"
        return _said(KEYS_SPREAD, TRUE, "OldKeyUnused", words)
    return _said(KEYS_SPREAD, TRUE, "Spread", f"key {first}")


def named(names: Sequence[int] | Sequence[str]) -> str:
    """Ids or names in words; of many, the first ones."""
    rest = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(map(str, names[:MOST_NAMED])) + rest


def _said(about: str, status: str, reason: str, message: str) -> Condition:
    return Condition(type=about, status=status, reason=str(reason), message=message)
