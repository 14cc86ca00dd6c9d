-- Idempotency records: what the partition remembers of an event, by its id. Needs: partition.
--
-- No other file reads or writes a record: what they need has a name here, or for one group in `outcomes`.
local ENTRY, TOKEN, DUPLICATES = 'entry', 'token:', 'dups'

local function record_of(event_id)
  return base .. 'event:' .. event_id
end

-- The entry of an event, and the token of the delivery that stored it; nil and nil when this store does not have it.
local function stored_as(event_id)
  local known = redis.call('HMGET', record_of(event_id), ENTRY, TOKEN)
  return known[1], known[2]
end

-- An event has just been stored.
local function remember_stored(event_id, entry, token, ttl)
  local record = record_of(event_id)
  redis.call('HSET', record, ENTRY, entry, TOKEN, token)
  redis.call('EXPIRE', record, ttl)
end

-- The delivery that stored an event has come again: nothing is new, and it is written all the same (see publish.lua).
local function remember_repeat(event_id, token)
  redis.call('HSET', record_of(event_id), TOKEN, token)
end

local function count_duplicate(event_id)
  redis.call('HINCRBY', record_of(event_id), DUPLICATES, 1)
end

-- All that is known of an event, as a flat list of names and values as `broker/records.py` describes them.
local function whole_record(event_id)
  return redis.call('HGETALL', record_of(event_id))
end

-- Some of the partition's records, by their keys; where to go on is '0' when all were looked at.
local function scan_records(from, count)
  local reply = redis.call('SCAN', from, 'MATCH', record_of('*'), 'COUNT', count, 'TYPE', 'hash')
  return reply[2], reply[1]
end

-- The entry that the record at a key names; nil when it names none, or dead letters as well.
local function entry_without_letters(record)
  local entry = nil
  local flat = redis.call('HGETALL', record)
  for at = 1, #flat, 2 do
    if string.find(flat[at], 'letter:', 1, true) == 1 then
      return nil
    elseif flat[at] == ENTRY then
      entry = flat[at + 1]
    end
  end
  return entry
end
