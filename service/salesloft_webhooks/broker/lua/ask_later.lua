#!lua
-- Lets a follow-up wait that a handler asks for at once, or says whether one could that is to come with `done`.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 idempotency TTL, s   3 share of what the server may use up to which follow-ups are taken
--       4 'ask' | 'look': only say whether it could wait   5 id   6 subject   7 id of the event that asks
--       8 delay, ms   9 head   10 body   11 the number of partitions the caller works with
--       12 bytes that the server may use, beside its `maxmemory`; 0: that alone counts
-- Result: { state, ms until the next follow-up is due here (-1: none) }
--   state  'waiting' | 'ended' (see include/follow_ups.lua)
--          'full' | 'stale' (another number of partitions is in force, so others may have moved what the caller does not
--          look for there): nothing happened
--
-- Invariants kept
--   Of a subject at most one waits here. What was ended, or has begun, does not wait again.
--   What waits may stay for a year, and leaves the rest of the memory to deliveries.
-- No allow-oom flag: it takes memory, and a full server must keep what it has for deliveries.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include debounced
--@include follow_ups
--@include memory_limits
--@include layout
local way, id, subject, asker, delay, head, body = unpack(ARGV, 4, 10)
if moved(ARGV[11], 1) then
  return { 'stale', follow_ups.next_due() }
elseif excess_over(tonumber(ARGV[3]), 0, tonumber(ARGV[12])) > 0 then
  return { 'full', follow_ups.next_due() }
elseif way == 'look' then
  return { follow_ups.may_be_asked(id, asker) and 'waiting' or 'ended', follow_ups.next_due() }
end
local state = follow_ups.ask(way, id, subject, asker, head, body, tonumber(ARGV[2]), wall, wall + tonumber(delay))
return { state, follow_ups.next_due() }
