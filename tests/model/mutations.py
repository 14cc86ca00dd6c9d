"""Mistakes that somebody could make in a script, and what is enough to find each."""

from msgspec import Struct

from tests.model.state import Scope
from tests.model.store import Mutation


class Seeded(Struct, frozen=True):
    """A mistake, and the scope in which it shows."""

    mutation: Mutation
    scope: Scope


def _seeded(name: str, old: str, new: str, scope: Scope) -> Seeded:
    return Seeded(Mutation(name, old, new), scope)


SEEDED = (
    _seeded(
        "a head is finished without room, and its lane does not go on",
        "elseif next_id and not hand_over(next_id, lane, followed) then",
        "elseif next_id and room > 0 and not hand_over(next_id, lane, followed) then",
        Scope("AA", faults=0, acts=0, setbacks=0),
    ),
    _seeded(
        "every new entry of a lane is its head",
        "if redis.call('RPUSH', lane_of(lane), id) == 1 then",
        "if redis.call('RPUSH', lane_of(lane), id) >= 1 then",
        Scope("AA", faults=0, acts=0, setbacks=0),
    ),
    _seeded(
        "a late done moves the lane on, although another worker runs its head",
        "local late = not owned and owner ~= NOBODY",
        "local late = not owned and owner ~= NOBODY and owner == consumer",
        Scope("A", faults=1, acts=0, setbacks=0),
    ),
    _seeded(
        "a lease is known by its owner alone, not by its attempt",
        "local owned = owner == consumer and delivered == attempt and its_run == run",
        "local owned = owner == consumer and its_run == run",
        Scope("A", faults=1, acts=0, setbacks=1, slots=2),
    ),
    _seeded(
        "a lease of a group that was destroyed counts in the one that came after it",
        "local owned = owner == consumer and delivered == attempt and its_run == run",
        "local owned = owner == consumer and delivered == attempt",
        Scope("A", faults=0, acts=1, setbacks=1, slots=2),
    ),
    _seeded(
        "a take that is repeated leases anew",
        "if tonumber(last) < tonumber(token) then",
        "if tonumber(last) <= tonumber(token) then",
        Scope("AB", faults=1, acts=0, setbacks=0),
    ),
    _seeded(
        "a take that is repeated gives out what is done meanwhile",
        "if fields.id and not outcome_of(fields.id, id) then",
        "if fields.id then",
        Scope("A", faults=2, acts=0, setbacks=0),
    ),
    _seeded(
        "leases are taken from the living when the store comes back",
        "elseif owner ~= NOBODY and now < reporting_until then",
        "elseif owner == NOBODY and now < reporting_until then",
        Scope("A", faults=1, acts=0, setbacks=0),
    ),
    _seeded(
        "the group's clock follows when the server's is set back",
        "if called - now > STEP_BACK_MS then",
        "if now - called < -10000 * STEP_BACK_MS then",
        Scope("A", faults=1, acts=0, setbacks=0),
    ),
    _seeded(
        "an isolated entry stays in the other set, too",
        "redis.call('ZREM', isolated, member)",
        "redis.call('ZREM', due, member)",
        Scope("A", faults=1, acts=0, setbacks=0, max_lost=2),
    ),
    _seeded(
        "what is poison is not written down as dead",
        "set_outcome(fields.id, 'dead', ttl, id)\n  remember_poisoned",
        "remember_poisoned",
        Scope("A", faults=1, acts=0, setbacks=0, max_lost=1),
    ),
    _seeded(
        "a pause without an end is none",
        "if pause ~= -2 then",
        "if pause > 0 then",
        Scope("A", faults=0, acts=1, setbacks=0),
    ),
    _seeded(
        "a lane is handed over although the group is paused",
        "if #handed_over >= room or limits.are_any(limits.here) or is_paused() then",
        "if #handed_over >= room or limits.are_any(limits.here) then",
        Scope("AA", faults=0, acts=1, setbacks=0),
    ),
    _seeded(
        "a redriven event is still taken for dead",
        "  forget_outcome(fields.id)\n  forget_kind(fields.id)\n",
        "  forget_kind(fields.id)\n",
        Scope("A", faults=0, acts=1, setbacks=1),
    ),
    _seeded(
        "what is pending is trimmed",
        "include(pending[2], 0)",
        "include(pending[3], 1)",
        Scope("AB", faults=0, acts=1, setbacks=0),
    ),
    _seeded(
        "lanes outlive the group that was removed",
        "    redis.call('DEL', lane_of(lane))\n  end\nend\nif redis",
        "    redis.call('EXISTS', lane_of(lane))\n  end\nend\nif redis",
        Scope("A", faults=0, acts=1, setbacks=0),
    ),
    _seeded(
        "a follow-up that has begun waits all the same",
        "redis.call('HDEL', later_entries, id)",
        "redis.call('HEXISTS', later_entries, id)",
        Scope("A", faults=0, acts=0, setbacks=0, does="a"),
    ),
    _seeded(
        "a follow-up begins before its time",
        "now = now + ARGV[5]",
        "now = now + 86400000",
        Scope("A", faults=0, acts=0, setbacks=0, does="d"),
    ),
    _seeded(
        "a follow-up begins while the group is paused",
        "elseif redis.call('EXISTS', group_base .. ':pause') == 1 then",
        "elseif redis.call('EXISTS', group_base .. ':pause') == 2 then",
        Scope("A", faults=0, acts=1, setbacks=0, does="a"),
    ),
    _seeded(
        "a follow-up that somebody has run begins while the group is paused",
        "or redis.call('EXISTS', group_base .. ':pause') == 1 then",
        "or redis.call('EXISTS', group_base .. ':pause') == 2 then",
        Scope("A", faults=0, acts=2, setbacks=0, does="a"),
    ),
    _seeded(
        "whoever cancels a follow-up that runs is answered that it was over",
        "running = 'running', none = 'over'",
        "running = 'over', none = 'over'",
        Scope("A", faults=0, acts=1, setbacks=0, does="d"),
    ),
    _seeded(
        "a follow-up that was cancelled after it had begun is given out",
        "set_outcome(id, 'done', ttl, first)",
        "outcome_of(id)",
        Scope("AA", faults=0, acts=0, setbacks=0, does="ac"),
    ),
    _seeded(
        "a later follow-up by the same key does not replace the one that waits",
        "if each ~= id and follow_ups.finish(each, REPLACED, ttl) == 'none' and is_unfinished(each) then",
        "if each ~= id and is_unfinished(each) then",
        Scope("AA", faults=0, acts=0, setbacks=0, does="aa"),
    ),
    _seeded(
        "a follow-up that comes with done is forgotten",
        "follow_ups.ask(way, id, subject, event_id, head, body, tonumber(ttl), asked, asked + tonumber(delay), "
        "tonumber(at_most))",
        "local _ = way",
        Scope("A", faults=0, acts=0, setbacks=0, does="d"),
    ),
    _seeded(
        "a late attempt brings back what was cancelled meanwhile",
        "return not state or state == WAITING or",
        "return not state or state == WAITING or state == 'cancelled' or",
        Scope("AA", faults=1, acts=0, setbacks=0, does="ac"),
    ),
    _seeded(
        "what an earlier event has put off takes the place of a later one's when it ends last",
        "local compared = latest and latest ~= id and (is_one or way ~= 'ask')",
        "local compared = latest and latest ~= id and way ~= 'ask'",
        Scope("AA", faults=0, acts=0, setbacks=0, does="bb", ordered=False),
    ),
    _seeded(
        "what has begun is not known to those that were put off before it",
        "redis.call('SET', key_of(subject), known, 'EX', ms(ttl))",
        "redis.call('EXISTS', key_of(subject))",
        Scope("AA", faults=0, acts=0, setbacks=0, does="bb", ordered=False),
    ),
    _seeded(
        "one more than the limit begins",
        "if most - running <= ahead_at(now + step) then",
        "if most - running < ahead_at(now + step) then",
        Scope("AB", faults=0, acts=0, setbacks=0, limit=1),
    ),
    _seeded(
        "the permit of a worker that has died never ends",
        "redis.call('ZREMRANGEBYSCORE', key, '-inf', ms(now))",
        "redis.call('ZCOUNT', key, '-inf', ms(now))",
        Scope("A", faults=1, acts=0, setbacks=0, limit=1),
    ),
    _seeded(
        "a permit is not kept while its call runs",
        "local added = redis.call('ZADD', key, ms(now + lease), id)",
        "local added = redis.call('ZADD', key, 'NX', ms(now + lease), id)",
        Scope("AB", faults=0, acts=0, setbacks=0, limit=1),
    ),
)
"""One line is another one in each."""
