-- What became of events in one group, as their idempotency records have it. Needs: partition, group, compact_records,
-- records.

-- Asked for once a call: no group gets another mark.
local group_mark
local function mark(assign)
  group_mark = group_mark or mark_for_group(group, assign)
  return group_mark
end

-- 'done' | 'dead' | 'discarded'; nil while the group has not finished the event. And the entry by which the group got the
-- event once more, where it has not finished that. `entry` is its entry, where the caller knows it: it saves a look or two.
local function outcome_of(event_id, entry)
  local compact = compact_record(event_id, entry)
  if compact and mark() and has_mark(compact, mark()) then
    return 'done'
  elseif compact and not has_mark(compact, MORE) then
    return nil
  end
  local known = redis.call('HMGET', record_of(event_id), group, AGAIN .. group)
  return known[1] or nil, known[2] or nil
end

-- Writes down what became of an event; the record lives at least `ttl` seconds more if it had vanished meanwhile.
-- `entry` is its entry; nil when this store does not have it.
local function set_outcome(event_id, outcome, ttl, entry)
  local compact = compact_record(event_id, entry)
  if compact and outcome == 'done' and not has_mark(compact, MORE) and mark(true) then
    return add_mark(compact, mark())
  end
  local record = full_record(event_id, compact, entry)
  redis.call('HSET', record, group, outcome)
  redis.call('EXPIRE', record, life_of(ttl, compact), 'NX')
end

-- What was given up is thrown away: the record says so.
local function discard_outcome(event_id)
  if outcome_of(event_id) == 'dead' then
    redis.call('HSET', record_of(event_id), group, 'discarded')
  end
end

-- The group is to handle the event again.
local function forget_outcome(event_id)
  local compact = compact_record(event_id)
  if compact and mark() then
    remove_mark(compact, mark())
  end
  redis.call('HDEL', record_of(event_id), group)
end

-- Which entry of the event the group has given up as poison; nil when none.
local function poisoned_entry_of(event_id)
  return redis.call('HGET', record_of(event_id), POISON .. group) or nil
end

-- `set_outcome` has made the full record.
local function remember_poisoned(event_id, entry)
  redis.call('HSET', record_of(event_id), POISON .. group, entry)
end

-- The event's first entry, and that of the group's latest redrive or replay of it; each nil when there is none.
local function entries_known_of(event_id)
  local known = redis.call('HMGET', record_of(event_id), ENTRY, AGAIN .. group)
  return known[1] or stored_as(event_id) or nil, known[2] or nil
end

-- The group gets the event again, by an entry of its own. The record is made again if it had expired: it must live as
-- long as the entry may be handled, to keep that from happening twice.
local function remember_resubmitted(event_id, entry, ttl)
  local compact = compact_record(event_id)
  local record = full_record(event_id, compact, entry)
  redis.call('HSET', record, AGAIN .. group, entry)
  redis.call('EXPIRE', record, life_of(ttl, compact))
end

-- Names a dead letter in the event's record, so that it is found by the event's id. `set_outcome` gives the record its
-- end.
local function remember_letter(event_id, letter)
  local record = full_record(event_id, compact_record(event_id))
  local known = redis.call('HGET', record, LETTER .. group)
  redis.call('HSET', record, LETTER .. group, known and known .. ' ' .. letter or letter)
end

-- A dead letter is one no more: the record of its event names it no longer.
local function forget_letter(event_id, letter)
  local record, left = record_of(event_id), {}
  for known in string.gmatch(redis.call('HGET', record, LETTER .. group) or '', '%S+') do
    if known ~= letter then
      left[#left + 1] = known
    end
  end
  if #left > 0 then
    redis.call('HSET', record, LETTER .. group, table.concat(left, ' '))
  else
    redis.call('HDEL', record, LETTER .. group)
  end
end
