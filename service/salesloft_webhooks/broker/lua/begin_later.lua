#!lua flags=allow-oom
-- Makes follow-ups that are due entries of the stream, for their group alone.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 idempotency TTL, s   3 the number of partitions the caller works with   4 at most so many
--       5 ms by which the caller is ahead of time (0, but for tests of authors)   6 format that every worker has to read
--       7 ms of silence after which a worker is gone
--       then ids, of which none but those begin; without any: all that are due; 'look': none begin
-- Result: { state, ms until the next one is due (-1: none), ms by which each that began was late;
--         to 'look': ids and rows of those that are due in turn (see include/follow_ups.lua) }
--   state  'begun' | 'paused' | 'moved' (another number of partitions is in force) | 'old' (a worker is there that would
--          take a follow-up for its event): nothing happened in the last three
--
-- Invariants kept
--   What waits becomes an entry in one step: never both and never neither.
--   No other group gets the entry: it names its group in `only`.
-- allow-oom: each new entry replaces its row, and can then be handled and trimmed; what waits cannot.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include follow_ups
--@include layout
local ttl, at_most = tonumber(ARGV[2]), tonumber(ARGV[4])
local MOST_BYTES = 2097152 -- in one call, so that the server is never blocked for long
now = now + ARGV[5]

local function all_read()
  for _, consumer in ipairs(redis.call('ZRANGEBYSCORE', group_base .. ':seen', ms(now - ARGV[7]), '+inf')) do
    if tonumber(redis.call('HGET', group_base .. ':formats', consumer) or 0) < tonumber(ARGV[6]) then
      return false
    end
  end
  return true
end

if moved(ARGV[3], 1) then
  return { 'moved', follow_ups.next_due(), {} }
elseif redis.call('EXISTS', group_base .. ':pause') == 1 then
  return { 'paused', follow_ups.next_due(), {} }
elseif not all_read() then
  return { 'old', follow_ups.next_due(), {} }
end
local ids = { unpack(ARGV, 8) }
local look = ids[1] == 'look'
if look or #ids == 0 then
  ids = redis.call('ZRANGEBYSCORE', follow_ups.waiting, '-inf', ms(now), 'LIMIT', 0, at_most)
end
local late, bytes = {}, 0
for _, id in ipairs(ids) do
  bytes = bytes + redis.call('HSTRLEN', follow_ups.entries, id)
  if bytes > MOST_BYTES and #late > 0 then
    break -- the rest is due all the same: the next call has it
  elseif look then
    late[#late + 1] = id
    late[#late + 1] = redis.call('HGET', follow_ups.entries, id) or ''
  else
    late[#late + 1] = follow_ups.begin(id, ttl)
  end
end
return { 'begun', follow_ups.next_due(), late }
