#!lua
-- Stores a batch of verified events, atomically: deduplication, watermarks and the write are one step.
--
-- KEYS  1 the partition's stream
-- ARGV  1 idempotency TTL, s   2 watermark TTL, s
--       then ten per event: id, type, entity key, source, created_at, traceparent, body,
--       watermark subject, watermark name, watermark level (0: no watermark)
-- Result: per event 'new' | 'duplicate' | 'below' (its watermark was reached before)
--
-- Invariants kept
--   An id in the stream has an idempotency record, and the record names its entry. A record that names none is of an
--   event that a worker had in hand when the server lost its data: only the outcome is known, the event is not here.
--   A watermark never falls.
--   Every call writes: a duplicate is counted in its record. So a WAIT or WAITAOF after it also covers the write of the
--   original, which may have come over another connection a moment ago.
-- No allow-oom flag: a full server refuses the whole batch before anything is written.
local FIELDS = 10
--@include partition
local idempotency_ttl, watermark_ttl = ARGV[1], ARGV[2]

-- Raises the level and says so; false when it was reached before.
local function rises(subject, name, level)
  local mark = base .. 'mark:' .. subject
  if level <= tonumber(redis.call('HGET', mark, name) or 0) then
    return false
  end
  redis.call('HSET', mark, name, level)
  redis.call('EXPIRE', mark, watermark_ttl)
  return true
end

local function store(at)
  local record = record_of(ARGV[at])
  if redis.call('HEXISTS', record, 'entry') == 1 then
    redis.call('HINCRBY', record, 'dups', 1)
    return 'duplicate'
  end
  local entry = redis.call('XADD', events, '*', 'id', ARGV[at], 'type', ARGV[at + 1], 'key', ARGV[at + 2],
    'src', ARGV[at + 3], 'at', ms(now), 'made', ARGV[at + 4], 'tp', ARGV[at + 5], 'only', '', 'body', ARGV[at + 6])
  redis.call('HSET', record, 'entry', entry)
  redis.call('EXPIRE', record, idempotency_ttl)
  return 'new'
end

local results = {}
for at = 3, #ARGV, FIELDS do
  local level = tonumber(ARGV[at + 9])
  if level > 0 and not rises(ARGV[at + 7], ARGV[at + 8], level) then
    results[#results + 1] = 'below'
  else
    results[#results + 1] = store(at)
  end
end
return results
