#!lua flags=no-writes
-- Reads the pauses of some groups on one partition.
--
-- KEYS  1 the partition's stream
-- ARGV  group names
-- Result: { now ms, pauses }, one for each name: { the value ('': there is none), when it ends, ms (-1: never) }
--@include partition
local pauses = {}
for _, name in ipairs(ARGV) do
  local key = base .. 'g:' .. name .. ':pause'
  pauses[#pauses + 1] = { redis.call('GET', key) or '', redis.call('PEXPIRETIME', key) }
end
return { now, pauses }
