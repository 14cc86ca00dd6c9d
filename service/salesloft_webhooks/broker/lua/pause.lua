#!lua flags=allow-oom
-- Pauses a group: also on a full server, when it is needed most.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 'manual' | 'breaker' (which leaves a pause that is there untouched)   3 ms, 0: without end
--       4 why, one line for people; may be empty
-- Result: 1 when it was set, else 0
--@include partition
--@include group
-- The first word of the value is the kind. What stands there by hand pauses, too.
local words = { 'SET', group_base .. ':pause', ARGV[4] == '' and ARGV[2] or ARGV[2] .. ' ' .. ARGV[4] }
if ARGV[3] ~= '0' then
  words[#words + 1], words[#words + 2] = 'PX', ARGV[3]
end
if ARGV[2] == 'breaker' then
  words[#words + 1] = 'NX'
end
return redis.call(unpack(words)) and 1 or 0
