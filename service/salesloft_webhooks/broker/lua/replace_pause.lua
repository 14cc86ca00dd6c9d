#!lua flags=allow-oom
-- Sets, changes or ends a group's pause on one partition, if it is still as somebody has read it.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 the value that was read ('': none)   3 when that ends, ms (-1: never, -2: there was none)
--       4 the value to be ('': none)   5 when it is to end, ms (-1: never)
-- Result: 1 when it is as it is to be, 0 when somebody has changed it meanwhile
--@include partition
local key = base .. 'g:' .. ARGV[1] .. ':pause'
if (redis.call('GET', key) or '') ~= ARGV[2] or redis.call('PEXPIRETIME', key) ~= tonumber(ARGV[3]) then
  return 0
end
if ARGV[4] == '' then
  redis.call('DEL', key)
elseif ARGV[5] == '-1' then
  redis.call('SET', key, ARGV[4])
else
  redis.call('SET', key, ARGV[4], 'PXAT', ARGV[5])
end
return 1
