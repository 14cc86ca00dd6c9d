#!lua flags=allow-oom
-- Looks for pending entries that nothing would ever look at again, and makes them due: for repair after manual
-- tampering (a deleted `due` or lane key), never needed in normal operation.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 entry id to start after ('-' at the beginning)   3 entries examined in this call   4 lease, ms
-- Result: { entry id to go on after ('-' when the end is reached), entries repaired }
--
-- Invariants restored
--   Every pending entry has a member in `due` or in `isolated`; one that seems to be running gets a lease's time to end.
--   An entry without a handler stands in the queue of its type.
--   A parked entry stands in its lane, behind a head that is not parked. The audit meets entries in arrival order, so a
--   lane that has vanished is built again in the right order.
--   Nothing is kept of the attempts of an entry that is finished: workers of 0.1.0 beside ours do not know `attempts`.
--@include partition
--@include group
--@include entries
--@include patterns
--@include filter
local ATTEMPTS_EXAMINED = 50
local after, count, lease = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local pending = redis.pcall('XPENDING', events, group, after == '-' and '-' or '(' .. after, '+', count)
if pending.err then
  return { '-', 0 }
end

local function stored_entry(id)
  local entry = redis.call('XRANGE', events, id, id)[1]
  return entry and entry_fields(entry[2])
end

local function entry_of(id)
  return stored_entry(id) or {}
end

local function is_queued(member, event_type)
  return redis.call('ZSCORE', unhandled .. ':' .. (event_type or ''), member) and
    redis.call('SISMEMBER', unhandled, event_type or '') == 1
end

local repaired = 0
local function make_due(member, at)
  redis.call('ZADD', due, ms(at), member)
  repaired = repaired + 1
end

local function repair(id, owner)
  local fields = stored_entry(id)
  -- Erased while it runs: only its member in `due` still names its lane, and it ends with the attempt (erase.lua). A
  -- second member would end it while its worker runs it, and leave it in its lane for ever.
  if not fields and owner ~= NOBODY then
    return
  end
  fields = fields or {}
  local lane = fields.key or ''
  local line, member = lane_of(lane), member_of(id, lane)
  local score = tonumber(redis.call('ZSCORE', due, member) or redis.call('ZSCORE', isolated, member) or -1)
  local index = redis.call('LPOS', line, id)
  local soon = owner == NOBODY and now or now + lease
  if score ~= -1 and not index then
    index = redis.call('RPUSH', line, id) - 1
    repaired = repaired + 1
  end
  if score == -1 and not index then
    make_due(id, soon)
  elseif score == -1 and index > 0 then
    make_due(member, PARKED)
  elseif index == 0 and (score == -1 or score == PARKED) then
    make_due(member, soon)
  elseif score == UNHANDLED and not is_queued(member, fields.type) then
    make_due(member, now)
  end
end

for _, field in ipairs(redis.call('HRANDFIELD', attempts_key, ATTEMPTS_EXAMINED)) do
  if not owner_of(string.match(field, '^[^:]+')) then
    redis.call('HDEL', attempts_key, field)
  end
end
for _, row in ipairs(pending) do
  local score = redis.call('ZSCORE', due, row[1]) or redis.call('ZSCORE', isolated, row[1])
  if not score then
    repair(row[1], row[2])
  elseif tonumber(score) == UNHANDLED and not is_queued(row[1], entry_of(row[1]).type) then
    make_due(row[1], now)
  end
end
return { #pending < count and '-' or pending[#pending][1], repaired }
