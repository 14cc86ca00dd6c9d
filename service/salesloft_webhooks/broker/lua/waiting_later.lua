#!lua flags=no-writes
-- Follow-ups that wait, a slice at a time.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 at most so many, about   3 cursor, '0' to begin
-- Result: { cursor ('0': the end is reached), ids and rows in turn (see include/follow_ups.lua) }
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include debounced
--@include follow_ups
return redis.call('HSCAN', follow_ups.entries, ARGV[3], 'COUNT', ARGV[2])
