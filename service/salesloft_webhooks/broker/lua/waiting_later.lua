#!lua flags=no-writes
-- Follow-ups that wait.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 at most so many, about   3 '': those that are due; else a cursor, '0' to begin: all
-- Result: { cursor ('0': the end is reached), ids and rows in turn (see include/follow_ups.lua) }
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include follow_ups
if ARGV[3] ~= '' then
  return redis.call('HSCAN', follow_ups.entries, ARGV[3], 'COUNT', ARGV[2])
end
local rows = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', follow_ups.waiting, '-inf', ms(now), 'LIMIT', 0, ARGV[2])) do
  rows[#rows + 1] = id
  rows[#rows + 1] = redis.call('HGET', follow_ups.entries, id) or ''
end
return { '0', rows }
