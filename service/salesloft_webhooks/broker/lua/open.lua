#!lua flags=allow-oom
-- Makes a group known in a partition that a raise adds, as it stands in the others: before anything is stored here.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 its pause, '' for none   3 ms the pause has left, 0: without end
--       then two per version of its filter in force: version, ms of its last heartbeat
-- Result: 1 when the group was made, 0 when it existed
--
-- Invariants kept
--   What a group has not finished is not trimmed here, although none of its workers has come yet.
--   What any version wants is not acknowledged by a worker of another one that comes first.
--   A paused group takes nothing here either.
--@include partition
--@include group
--@include patterns
--@include filter
local made = redis.pcall('XGROUP', 'CREATE', events, group, '0', 'MKSTREAM')
if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then
  error(made)
end
if not made.err then
  begin_anew()
end
if ARGV[2] ~= '' and ARGV[3] == '0' then
  redis.call('SET', group_base .. ':pause', ARGV[2], 'NX')
elseif ARGV[2] ~= '' then
  redis.call('SET', group_base .. ':pause', ARGV[2], 'NX', 'PX', ARGV[3])
end
for at = 4, #ARGV, 2 do
  redis.call('ZADD', filters, 'NX', ARGV[at + 1], ARGV[at])
end
return made.err and 0 or 1
