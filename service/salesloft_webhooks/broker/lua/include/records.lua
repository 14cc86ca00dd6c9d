-- Idempotency records: what the partition remembers of an event, by its id. Needs: partition, compact_records.
--
-- No other file reads or writes a record: what they need has a name here, or for one group in `outcomes`.
--
-- Most events have a compact record and no other: stored once, done by some groups. Everything else stands in a full
-- record, a hash of its own: duplicates, what is dead, discarded or given once more. Version 0.1.0 knows full ones only,
-- so what it has stored, and all of format 1, is found there. From when on an event has a full record, what its groups
-- make of it goes there.
local ENTRY, TOKEN, DUPLICATES = 'entry', 'token:', 'dups'
-- Each with a group's name a field of the full record.
local LETTER, POISON, AGAIN, TRY = 'letter:', 'poison:', 'again:', 'try:'

local function record_of(event_id)
  return base .. 'event:' .. event_id
end

-- The entry of an event, and the token of the delivery that stored it; nil and nil when this store does not have it.
-- Whether that entry is a copy: one group alone gets it, and the event itself is not here, or is forgotten.
local function stored_as(event_id)
  local compact = compact_record(event_id)
  if compact then
    return entry_and_token(compact)
  end
  local known = redis.call('HMGET', record_of(event_id), ENTRY, TOKEN, 'copy:')
  return known[1], known[2], known[3]
end

-- The full record of an event, for something to be written there; a compact one says from now on that there is more.
-- `entry` is an entry of the event, which the record names from now on if it names none: it says so when that is a copy,
-- for what one group has got says nothing about the others, who must get the event when it is delivered.
local function full_record(event_id, compact, entry)
  local record = record_of(event_id)
  if compact then
    add_mark(compact, MORE)
    redis.call('HSETNX', record, ENTRY, (entry_and_token(compact)))
  elseif entry and redis.call('HSETNX', record, ENTRY, entry) == 1 then
    local found = redis.call('XRANGE', events, entry, entry)[1]
    local only = found and fields_of(found[2]).only or ''
    if only ~= '' then
      redis.call('HSET', record, 'copy:', '1', AGAIN .. only, entry)
    end
  end
  return record
end

-- How long a full record is to live, s: not less than the compact one that refers to it.
local function life_of(ttl, compact)
  return ms(math.max(tonumber(ttl), compact and math.ceil((compact.window.finish_at - now) / 1000) or 0))
end

-- The delivery that stored an event has come again: nothing is new, and it is written all the same (see publish.lua).
local function remember_repeat(event_id, token)
  local compact = compact_record(event_id)
  if compact then
    write_value(compact, compact.value)
  else
    redis.call('HSET', record_of(event_id), TOKEN, token)
  end
end

local function count_duplicate(event_id, ttl)
  local compact = compact_record(event_id)
  local record = full_record(event_id, compact)
  redis.call('HINCRBY', record, DUPLICATES, 1)
  redis.call('EXPIRE', record, life_of(ttl, compact), 'NX')
end
