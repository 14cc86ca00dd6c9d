#!lua flags=no-writes
-- Counts entries on one side of an id, a stretch at a time: what a group has read or has not read yet, where the server's
-- own figure is missing (XINFO GROUPS says nil after an XDEL in the unread part).
--
-- KEYS  1 the partition's stream
-- ARGV  1 entry id to begin with, as a range has it ('(ID': behind it)   2 entries counted in this call, so that the
--       server is never blocked for long   3 'up': towards the newest, 'down': towards the oldest
-- Result: { counted, id to go on with ('' when the end is reached), entries there are }
local limit = tonumber(ARGV[2])
local entries
if ARGV[3] == 'up' then
  entries = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', limit)
else
  entries = redis.call('XREVRANGE', KEYS[1], ARGV[1], '-', 'COUNT', limit)
end
return { #entries, #entries < limit and '' or '(' .. entries[#entries][1], redis.call('XLEN', KEYS[1]) }
