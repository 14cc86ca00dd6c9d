#!lua flags=no-writes
-- Looks whether a take would find something due: what a worker that waits for entries asks in between, for a take costs
-- several times as much.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group
-- Result: 1 when an entry is due now, else 0
--@include partition
--@include group
local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
return first[2] and tonumber(first[2]) <= now and 1 or 0
