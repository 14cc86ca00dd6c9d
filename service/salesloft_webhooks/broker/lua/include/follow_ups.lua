-- Follow-ups: what handlers have asked to be given later. Needs: partition, group, compact_records, records, outcomes,
-- entries. Why so: decision 88.
--
-- `later` has when each that waits is due (zset of ids by the group's ms), `later:entries` what it then becomes: asked ms,
-- due ms (both by the server's clock), subject, length of the head, head and body. A subject is what the author's key means
-- for an entity; `later:key:SUBJECT` names the latest follow-up by it, when that was asked for, and the one by the same key
-- that has asked for it, if one has: that may still run, or be tried again.
-- The record of the event that has asked names them in `asked:GROUP`. The record of a follow-up's id says in `later:GROUP`
-- what became of it, and lives a TTL longer than it waits.
local follow_ups = { waiting = group_base .. ':later', entries = group_base .. ':later:entries' }
do -- a script has room for 200 local names: of follow-ups there is one
  local LATER, ERASED = 'later:' .. group, 'erased:'
  local WAITING, BEGUN = 'waiting', 'begun'
  local later, later_entries = follow_ups.waiting, follow_ups.entries
  local FORM = '^(%d+) (%d+) (%w+) (%d+) (.*)$'

  local function key_of(subject)
    return group_base .. ':later:key:' .. subject
  end

  local function live(key, seconds)
    redis.call('EXPIRE', key, ms(seconds), 'NX')
    redis.call('EXPIRE', key, ms(seconds), 'GT')
  end

  local function state_of(id)
    return redis.call('HGET', record_of(id), LATER)
  end

  local function set_state(id, state, seconds)
    redis.call('HSET', record_of(id), LATER, state)
    live(record_of(id), seconds)
  end

  -- The latest follow-up of a subject, the ms when it was asked for, and the one that has asked ('': none); nil without one.
  local function known_by(subject)
    local id, asked, earlier = string.match(redis.call('GET', key_of(subject)) or '', '^(%S+) (%d+) (%S*)$')
    return id, tonumber(asked), earlier
  end

  -- No attempt at it begins any more. Returns 'ended', 'running' (its attempt goes on, and is the last) or 'none'.
  function follow_ups.finish(id, state, ttl)
    local before = state_of(id)
    if before == WAITING then
      redis.call('ZREM', later, id)
      redis.call('HDEL', later_entries, id)
      set_state(id, state, ttl)
      return 'ended'
    end
    local outcome = outcome_of(id)
    if before ~= BEGUN or outcome == 'done' or outcome == 'discarded' then
      return 'none'
    end
    local first, resubmitted = entries_known_of(id)
    local owner = owner_of(resubmitted or first)
    set_outcome(id, 'done', ttl, first)
    set_state(id, state, ttl)
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

  -- Lets a follow-up wait, in the place of the latest one of its subject. `asked` and `due_at` are given for one that has
  -- waited elsewhere. Returns 'waiting'; 'replaced' by a later one of its subject; or 'ended' when it was asked for before
  -- and waits no more, or the event that asks was erased: nothing happened.
  function follow_ups.ask(id, subject, asker, delay, head, body, ttl, asked, due_at)
    local state = state_of(id)
    if (state and state ~= WAITING) or redis.call('HEXISTS', record_of(asker), ERASED) == 1 then
      return 'ended'
    end
    local latest, latest_asked, earlier = known_by(subject)
    if latest and latest ~= id and asked and latest_asked > tonumber(asked) then
      set_state(id, 'replaced', ttl)
      return 'replaced'
    end
    for _, known in ipairs({ latest, earlier }) do
      -- Not the one that asks, nor again for the one that asked before: it has to end by itself.
      if known ~= id and known ~= asker and known ~= '' then
        follow_ups.finish(known, 'replaced', ttl)
      end
    end
    local same_key = (latest == asker or earlier == asker) and asker or ''
    local life = ttl + math.ceil(delay / 1000)
    local moved_here = asked ~= nil
    asked, due_at = asked or ms(wall), due_at or ms(wall + delay)
    redis.call('ZADD', later, ms(now + delay), id)
    redis.call('HSET', later_entries, id, table.concat({ asked, due_at, subject, #head, head .. body }, ' '))
    redis.call('SET', key_of(subject), id .. ' ' .. asked .. ' ' .. same_key, 'EX', ms(life))
    set_state(id, WAITING, life)
    if not moved_here then
      name_in_record_of(asker, id, ttl)
    end
    return 'waiting'
  end

  -- What waits becomes an entry for this group alone. Returns how many ms after its time; nil when it waits no more, or
  -- was damaged by somebody.
  function follow_ups.begin(id, ttl)
    local asked, due_at, subject, length, rest = string.match(redis.call('HGET', later_entries, id) or '', FORM)
    local late = now - tonumber(redis.call('ZSCORE', later, id) or now)
    redis.call('ZREM', later, id)
    redis.call('HDEL', later_entries, id)
    if not rest or state_of(id) ~= WAITING then
      return nil
    end
    length = tonumber(length)
    local fields = entry_fields({ 'head', string.sub(rest, 1, length), 'body', string.sub(rest, length + 1) })
    if fields.id ~= id then
      return nil
    end
    fields.tp, fields.at = fields.tp .. '\2' .. asked .. ' ' .. due_at, ms(wall)
    local entry = redis.call('XADD', events, '*', unpack(words_of(fields, group)))
    redis.call('HSET', record_of(id), ENTRY, entry)
    set_state(id, BEGUN, ttl)
    live(key_of(subject), ttl)
    return late
  end

  -- Ms until the next one is due; -1 when none waits.
  function follow_ups.next_due()
    local first = redis.call('ZRANGE', later, 0, 0, 'WITHSCORES')
    return first[2] and math.max(0, first[2] - now) or -1
  end

  -- Whether a follow-up was ended while an attempt at it ran: that goes on, and what it asks for counts.
  function follow_ups.is_called_off(id)
    local state = state_of(id)
    return state == 'cancelled' or state == 'replaced'
  end

  -- Ends what a subject means here but `kept`, and each of `ids`; one that is not known here is remembered as ended, so
  -- that it does not come from elsewhere. Returns ids and results in turn.
  function follow_ups.finish_by_subject(subject, kept, ids, state, ttl)
    local results = {}
    local latest, _, earlier = known_by(subject)
    for _, id in ipairs({ latest, earlier }) do
      if id ~= kept and id ~= '' then
        results[#results + 1] = id
        results[#results + 1] = follow_ups.finish(id, state, ttl)
      end
    end
    for _, id in ipairs(ids) do
      if not state_of(id) then
        set_state(id, state, ttl)
      elseif id ~= latest and id ~= earlier then
        results[#results + 1] = id
        results[#results + 1] = follow_ups.finish(id, state, ttl)
      end
    end
    return results
  end
end
