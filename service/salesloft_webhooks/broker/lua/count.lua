#!lua flags=no-writes
-- Counts entries after an id, a stretch at a time: what a group has not read yet, where the server's own figure is
-- missing (XINFO GROUPS says nil after an XDEL in the unread part).
--
-- KEYS  1 the partition's stream
-- ARGV  1 entry id to start after   2 entries counted in this call, so that the server is never blocked for long
-- Result: { counted, id to go on after ('' when the end is reached) }
local limit = tonumber(ARGV[2])
local entries = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', limit)
return { #entries, #entries < limit and '' or entries[#entries][1] }
