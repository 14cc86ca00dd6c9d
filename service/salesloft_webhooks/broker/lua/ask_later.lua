#!lua
-- Lets a follow-up wait: one that a handler asks for at once, or one that has waited in an earlier place of its entity.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 idempotency TTL, s   3 share of the server's `maxmemory` up to which follow-ups are taken
--       4 'ask' | 'moved'; 'room': only say whether there is room   5 id   6 subject   7 id of the event that asks
--       8 delay, ms (ask)   9 head   10 body   11, 12 when it was asked for and when it was due, ms (moved)
--       13 the number of partitions the caller works with
-- Result: { state, ms until the next follow-up is due here (-1: none) }
--   state  'waiting' | 'replaced' | 'ended' (see include/follow_ups.lua); 'room'
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
--@include follow_ups
--@include memory_limits
--@include layout
local way, moved_way = ARGV[4], 'moved'
if moved(ARGV[13], 1) then
  return { 'stale', follow_ups.next_due() }
elseif way ~= moved_way and excess_over(tonumber(ARGV[3]), 0) > 0 then
  return { 'full', follow_ups.next_due() }
elseif way == 'room' then
  return { way, follow_ups.next_due() }
end
local asked, due_at = wall, wall + tonumber(ARGV[8])
if way == moved_way then
  asked, due_at = tonumber(ARGV[11]), tonumber(ARGV[12])
end
local state = follow_ups.ask(way, ARGV[5], ARGV[6], ARGV[7], ARGV[9], ARGV[10], tonumber(ARGV[2]), asked, due_at)
return { state, follow_ups.next_due() }
