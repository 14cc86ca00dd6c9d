#!lua flags=allow-oom
-- Ends the layout by which is stored in a partition and begins the next: also on a full server.
--
-- KEYS  1 the partition's stream
-- ARGV  1 the number of partitions from now on   2 the number before, if this partition had a share in it; else 0
-- Result: the number by which is stored here now: a greater one when it was sealed for that before
--
-- Invariants kept
--   What was stored by a number is at or before the mark it ended with, and nothing is stored by it afterwards: publish
--   and reserve compare (include/layout.lua).
--   The number never falls, and a mark never moves.
--@include partition
--@include layout
local number, before = tonumber(ARGV[1]), layout_here() or tonumber(ARGV[2])
if layout_here() and before >= number then
  return before
end
if before > 0 and before < number then
  local stream = redis.pcall('XINFO', 'STREAM', events)
  local last = stream.err and '0-0' or fields_of(stream)['last-generated-id']
  redis.call('HSETNX', layout, ms(before), last .. ' ' .. ms(now))
end
redis.call('HSET', layout, 'partitions', ms(number))
return number
