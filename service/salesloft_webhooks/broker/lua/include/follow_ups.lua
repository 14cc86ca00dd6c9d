-- Follow-ups: what handlers have asked to be given later. Needs: partition, group, compact_records, records, outcomes,
-- entries, debounced. Why so: decision 88.
--
-- `later` has when each that waits is due (zset of ids by the group's ms), `later:entries` what it then becomes: asked ms,
-- due ms (both by the server's clock), subject, length of the head, head and body. A subject is what the author's key means
-- for an entity; `later:subjects` names by subject the latest follow-up by it, when that was asked for, and those by the
-- same key that have asked for it one after another: they may still run, or be tried again.
-- That it has a row, and nothing else, says that a follow-up waits: none of this has an end, so none waits in vain. What
-- waits no more has one: `later:key:SUBJECT` then says the same, and the record of its id in `later:GROUP` what became of
-- it. The record of the event that has asked names its follow-ups in `asked:GROUP`.
local follow_ups = {
  waiting = group_base .. ':later', entries = group_base .. ':later:entries', subjects = group_base .. ':later:subjects',
  FORM = '^(%d+) (%d+) (%w+) (%d+) ()' -- of a row
}
do -- a script has room for 200 local names: of follow-ups there is one
  local LATER, ERASED = 'later:' .. group, 'erased:'
  local WAITING, BEGUN, MOVED, WITHDRAWN, REPLACED = 'waiting', 'begun', 'moved', 'withdrawn', 'replaced'
  local MOST_EARLIER = 16
  local later, later_entries, subjects = follow_ups.waiting, follow_ups.entries, follow_ups.subjects
  local FORM = follow_ups.FORM

  local function key_of(subject)
    return group_base .. ':later:key:' .. subject
  end

  local function live(key, seconds)
    redis.call('EXPIRE', key, ms(seconds), 'NX')
    redis.call('EXPIRE', key, ms(seconds), 'GT')
  end

  function follow_ups.state_of(id)
    if redis.call('HEXISTS', later_entries, id) == 1 then
      return WAITING
    end
    return redis.call('HGET', record_of(id), LATER) or nil
  end
  local state_of = follow_ups.state_of

  local function set_state(id, state, seconds)
    redis.call('HSET', record_of(id), LATER, state)
    live(record_of(id), seconds)
  end

  -- The latest follow-up of a subject, the ms when it was asked for, and those that have asked, in turn; nil without one.
  local function known_by(subject)
    local known = redis.call('HGET', subjects, subject) or redis.call('GET', key_of(subject)) or ''
    local id, asked, words = string.match(known, '^(%S+) (%d+) (%S*)$')
    local earlier = {}
    for each in string.gmatch(words or '', '[^,]+') do
      earlier[#earlier + 1] = each
    end
    return id, tonumber(asked), earlier
  end

  local function asked_of(row)
    return tonumber(string.match(row, '^%d+'))
  end

  -- Names the latest follow-up of a subject, which waits no more.
  local function name_latest(subject, id, asked, earlier, ttl)
    redis.call('HDEL', subjects, subject)
    redis.call('SET', key_of(subject), id .. ' ' .. ms(asked) .. ' ' .. table.concat(earlier, ','), 'EX', ms(ttl))
  end

  -- Takes a row out of what waits; what its subject names has an end from then on. Returns the row.
  local function take_out(id, ttl)
    local row = redis.call('HGET', later_entries, id) or ''
    redis.call('ZREM', later, id)
    redis.call('HDEL', later_entries, id)
    local subject = select(3, string.match(row, FORM))
    local known = subject and redis.call('HGET', subjects, subject)
    if known and string.match(known, '^%S+') == id then
      redis.call('HDEL', subjects, subject)
      redis.call('SET', key_of(subject), known, 'EX', ms(ttl))
    end
    return row
  end

  local function is_unfinished(id)
    local outcome = outcome_of(id)
    return state_of(id) == BEGUN and outcome ~= 'done' and outcome ~= 'discarded'
  end

  -- No attempt at it begins any more; one that is unknown here, or was moved away, is remembered so, for it may come yet.
  -- Replaced is only what waits: what has begun is an event like any other. Returns 'ended', 'running' (its attempt goes on,
  -- and is the last) or 'none'.
  function follow_ups.finish(id, state, ttl)
    local before = state_of(id)
    if before == WAITING then
      take_out(id, ttl)
      set_state(id, state, ttl)
      return 'ended'
    elseif not before or before == MOVED then
      set_state(id, state, ttl)
      return 'none'
    elseif state == REPLACED or not is_unfinished(id) then
      return 'none'
    end
    local first, resubmitted = entries_known_of(id)
    local owner = owner_of(resubmitted or first)
    set_outcome(id, 'done', ttl, first)
    set_state(id, state == WITHDRAWN and 'cancelled' or state, ttl)
    return owner and owner ~= NOBODY and 'running' or 'ended'
  end

  -- The record of an event names the follow-ups that it has asked for, so that people find them.
  local function name_in_record_of(asker, id, ttl)
    local compact = compact_record(asker)
    local record = full_record(asker, compact)
    local known = redis.call('HGET', record, 'asked:' .. group)
    if not string.find(known or '', id, 1, true) then
      redis.call('HSET', record, 'asked:' .. group, known and known .. ' ' .. id or id)
      redis.call('EXPIRE', record, life_of(ttl, compact), 'NX')
    end
  end

  -- What waits by its subject makes room for a follow-up. Returns those that have begun and are not over, the latest first:
  -- they end by themselves, and are still found by their key.
  local function replace_by(id, latest, earlier, ttl)
    local kept = {}
    for _, each in ipairs({ latest, unpack(earlier) }) do
      if each ~= id and follow_ups.finish(each, REPLACED, ttl) == 'none' and is_unfinished(each) then
        kept[#kept + 1] = each
      end
    end
    return { unpack(kept, 1, MOST_EARLIER) }
  end

  -- Whether one may wait (again): it was never asked for, or waits, or its own event took it back; or it comes back here.
  local function may_wait(state, way)
    return not state or state == WAITING or state == WITHDRAWN or (way == MOVED and state == MOVED)
  end

  -- Whether an event may ask for it now.
  function follow_ups.may_be_asked(id, asker)
    return may_wait(state_of(id), 'ask') and redis.call('HEXISTS', record_of(asker), ERASED) == 0
  end

  -- Lets a follow-up wait, in the place of the latest one of its subject. `way` is 'ask'; 'again' for one that this store
  -- may have lost; MOVED for one that waits elsewhere. In the last two, `asked` is the ms when it was asked for, and what was
  -- asked for later stays: by its subject, or the same with another time. Of a debounced handler's that holds in each way;
  -- `at_most` is for those (`debounced.times`). Returns 'waiting'; 'replaced' by a later one of its subject; or 'ended' when it
  -- was asked for before and waits no more, or the event that asks was erased: nothing happened.
  function follow_ups.ask(way, id, subject, asker, head, body, ttl, asked, due_at, at_most)
    local state = state_of(id)
    local latest, latest_asked, earlier = known_by(subject)
    if redis.call('HEXISTS', record_of(asker), ERASED) == 1 then
      return 'ended'
    elseif not may_wait(state, way) then
      -- It has an end that this store has heard of first; what it had replaced must not come back by being said again.
      if way == 'again' and latest ~= id and (not latest or debounced.comes_before(latest, latest_asked, id, asked)) then
        name_latest(subject, id, asked, latest and replace_by(id, latest, earlier, ttl) or {}, ttl)
      end
      return 'ended'
    elseif way ~= 'ask' and state == WAITING and asked_of(redis.call('HGET', later_entries, id)) >= asked then
      return WAITING
    end
    local is_one = debounced.is_one(id)
    local compared = latest and latest ~= id and (is_one or way ~= 'ask')
    if compared and debounced.comes_before(id, asked, latest, latest_asked) then
      if way ~= MOVED then
        name_in_record_of(asker, id, ttl)
      end
      set_state(id, REPLACED, ttl)
      return REPLACED
    end
    if is_one and way ~= MOVED then
      local waiting = latest and redis.call('HGET', later_entries, latest)
      asked, due_at = debounced.times(asked, due_at, waiting and asked_of(waiting), at_most)
    end
    local kept = latest and replace_by(id, latest, earlier, ttl) or {}
    redis.call('HDEL', record_of(id), LATER)
    redis.call('ZADD', later, ms(way == MOVED and now or now + due_at - wall), id)
    redis.call('HSET', later_entries, id, table.concat({ ms(asked), ms(due_at), subject, #head, head .. body }, ' '))
    redis.call('HSET', subjects, subject, id .. ' ' .. ms(asked) .. ' ' .. table.concat(kept, ','))
    if way ~= MOVED then
      name_in_record_of(asker, id, ttl)
    end
    return WAITING
  end

  -- What waits elsewhere by now waits here no more, unless it was asked for anew meanwhile. Returns what it is here; '': it
  -- is unknown.
  function follow_ups.move_out(id, asked, ttl)
    local row = redis.call('HGET', later_entries, id)
    if row and asked_of(row) == asked then
      take_out(id, ttl)
      set_state(id, MOVED, ttl)
    end
    return state_of(id) or ''
  end

  -- What waits becomes an entry for this group alone. Returns how many ms after its time; nil when it waits no more, or
  -- was damaged by somebody.
  function follow_ups.begin(id, ttl)
    local late = now - tonumber(redis.call('ZSCORE', later, id) or now)
    local row = take_out(id, ttl)
    local asked, due_at, _, length, rest = string.match(row, FORM)
    if not rest then
      return nil
    end
    length = tonumber(length)
    local head, body = string.sub(row, rest, rest + length - 1), string.sub(row, rest + length)
    local fields = entry_fields({ 'head', head, 'body', body })
    if fields.id ~= id then
      return nil
    end
    fields.tp, fields.at = fields.tp .. '\2' .. asked .. ' ' .. due_at, ms(wall)
    local entry = redis.call('XADD', events, '*', unpack(words_of(fields, group)))
    redis.call('HSET', record_of(id), ENTRY, entry)
    set_state(id, BEGUN, ttl)
    return math.max(late, wall - tonumber(due_at)) -- it may have been moved here, or put off, since it was due
  end

  -- Ms until the next one is due; -1 when none waits.
  function follow_ups.next_due()
    local first = redis.call('ZRANGE', later, 0, 0, 'WITHSCORES')
    return first[2] and math.max(0, first[2] - now) or -1
  end

  -- Whether a follow-up was ended while an attempt at it ran: that goes on, and what it asks for counts.
  function follow_ups.is_called_off(id)
    return state_of(id) == 'cancelled'
  end

  -- Ends what a subject means here but `kept`, and each of `ids`. `own` is the one that the event which cancels has asked
  -- for by the same key: before it has begun that is a withdrawal, and the event may ask for it again. What is of a later
  -- event than a debounced one that is kept stays. Returns ids and results in turn.
  function follow_ups.finish_by_subject(subject, kept, own, ids, state, ttl)
    local results, seen = {}, {}
    local function finish_one(id)
      if id ~= kept and not seen[id] and not debounced.is_of_earlier(kept, id) then
        seen[id] = true
        results[#results + 1] = id
        results[#results + 1] = follow_ups.finish(id, id == own and WITHDRAWN or state, ttl)
      end
    end
    local latest, _, earlier = known_by(subject)
    for _, id in ipairs({ latest, unpack(earlier) }) do
      finish_one(id)
    end
    for _, id in ipairs(ids) do
      finish_one(id)
    end
    return results
  end
end
