#!lua flags=allow-oom
-- Raises the format of the store when it is time.
--
-- KEYS  1 the format: hash `written`, `ready_since`
-- ARGV  1 'unused' | 'ready' | 'old' (see format_readers.lua, all partitions together)   2 the new format
--       3 ms for which everybody must have been ready
-- Result: the format to write
--
-- Invariant kept: the format never falls by itself.
local OLDEST = 1
local written = redis.call('HGET', KEYS[1], 'written')
if written then
  return tonumber(written)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[1] == 'old' then
  redis.call('DEL', KEYS[1])
  return OLDEST
end
if ARGV[1] == 'ready' then
  redis.call('HSETNX', KEYS[1], 'ready_since', string.format('%.0f', now))
  if now - tonumber(redis.call('HGET', KEYS[1], 'ready_since')) < tonumber(ARGV[3]) then
    return OLDEST
  end
end
redis.call('HSET', KEYS[1], 'written', ARGV[2])
return tonumber(ARGV[2])
