#!lua flags=allow-oom
-- Makes a consumer group known, from the first entry on ('$' would skip what was accepted before the first worker ran),
-- and puts the filter of this process in force. Repeated by every worker every few seconds, as a heartbeat that does
-- not depend on whether it has room to take anything.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 version: what this process wants and can run, see include/filter.lua   3 grace, ms
--       4 consumer   5 the newest format of the store it reads   6 what limits the group, as the caller knows it
-- Result: { 1 when the group was made, 0 when it existed; 1 when entries wait for a handler, else 0;
--         ms until the next follow-up is due, -1 when none waits; what limits the group: the newer of what is known here, there }
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include debounced
--@include follow_ups
--@include patterns
--@include filter
--@include limits
local SILENT_MS = 60000
local made = redis.pcall('XGROUP', 'CREATE', events, group, '0', 'MKSTREAM')
if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then
  error(made)
end
if not made.err then
  begin_anew()
end
keep_version_in_force(ARGV[2], tonumber(ARGV[3]))
if redis.call('HSET', group_base .. ':formats', ARGV[4], ARGV[5]) == 1 then
  -- It takes a moment later. Until then `retire` would take it for one that is gone, and forget what it reads. It does
  -- not count as one that works before: as if it had been silent for a while.
  redis.call('ZADD', group_base .. ':seen', 'NX', ms(now - SILENT_MS), ARGV[4])
end
return { made.err and 0 or 1, redis.call('EXISTS', unhandled), follow_ups.next_due(),
  limits.adopt(redis.call('HGET', clock, limits.field) or '', ARGV[6] or '') }
