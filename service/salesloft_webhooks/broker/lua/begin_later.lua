#!lua flags=allow-oom
-- Makes follow-ups that are due entries of the stream, for their group alone; or moves one to where its entity is by now.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 idempotency TTL, s   3 the number of partitions the caller works with   4 at most so many
--       5 ms by which the caller is ahead of time (0, but for tests of authors)   6 what to do:
--       'all': all that are due begin   'look': say which are due
--       'these': those of the ids that follow which are due begin; but before, 7 is how many of the first of them could not
--         be moved, and are looked at again after `PUT_OFF`
--       'in': one waits here that has waited elsewhere: 7 id   8 subject   9 id of the event that asked   10 head   11 body
--         12, 13 when it was asked for and when it was due, ms
--       'out': that one waits here no more: 7 id   8 when it was asked for, ms, or it was asked for anew meanwhile
-- Result: { state, ms until the next one is due (-1: none), ms by which each that began was late;
--         to 'look': ids and rows of those that are due in turn (see include/follow_ups.lua) }
--   state  'begun' | 'paused' | 'stale' (another number of partitions is in force): nothing happened in the last two
--          to 'in': 'waiting' | 'replaced' | 'ended', or one of the last two; to 'out': what it is here now ('': unknown)
--
-- Invariants kept
--   What waits becomes an entry in one step: never both and never neither.
--   No other group gets the entry: it names its group in `only`.
-- allow-oom: each new entry replaces its row, and can then be handled and trimmed; what waits cannot. So does a moved row.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include debounced
--@include follow_ups
--@include layout
local ttl, at_most = tonumber(ARGV[2]), tonumber(ARGV[4])
local MOST_BYTES = 2097152 -- in one call, so that the server is never blocked for long
local PUT_OFF = 10000 -- ms
local way, later_now = ARGV[6], now + PUT_OFF
now = now + ARGV[5]

if way == 'out' then
  return { follow_ups.move_out(ARGV[7], tonumber(ARGV[8]), ttl), follow_ups.next_due(), {} }
elseif moved(ARGV[3], 1) then
  return { 'stale', follow_ups.next_due(), {} }
elseif redis.call('EXISTS', group_base .. ':pause') == 1 then
  return { 'paused', follow_ups.next_due(), {} }
end
if way == 'in' then
  local id, subject, asker, head, body, asked, due_at = unpack(ARGV, 7, 13)
  local state = follow_ups.ask('moved', id, subject, asker, head, body, ttl, tonumber(asked), tonumber(due_at))
  return { state, follow_ups.next_due(), {} }
end

local ids
if way == 'these' then
  local put_off = tonumber(ARGV[7])
  for at = 8, 7 + put_off do
    redis.call('ZADD', follow_ups.waiting, 'XX', ms(later_now), ARGV[at])
  end
  ids = { unpack(ARGV, 8 + put_off) }
else
  ids = redis.call('ZRANGEBYSCORE', follow_ups.waiting, '-inf', ms(now), 'LIMIT', 0, at_most)
end
local late, bytes = {}, 0
for _, id in ipairs(ids) do
  bytes = bytes + redis.call('HSTRLEN', follow_ups.entries, id)
  if bytes > MOST_BYTES and #late > 0 then
    break -- the rest is due all the same: the next call has it
  elseif way == 'look' then
    late[#late + 1] = id
    late[#late + 1] = redis.call('HGET', follow_ups.entries, id) or ''
  elseif tonumber(redis.call('ZSCORE', follow_ups.waiting, id) or now) <= now then -- else it was put off since it was read
    late[#late + 1] = follow_ups.begin(id, ttl)
  end
end
return { 'begun', follow_ups.next_due(), late }
