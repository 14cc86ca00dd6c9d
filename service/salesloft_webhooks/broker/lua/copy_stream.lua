#!lua
-- Copies a slice of a stream, to replace it by one without what was deleted (include/stream_copy.lua).
--
-- KEYS  1 the partition's stream   2 the stream to copy   3 its copy
-- ARGV  1 share of the server's memory that may be used   2 entries copied in this call, so that the server is never
--       blocked for long   3 bytes that the server may use, beside its `maxmemory`; 0: that alone counts
-- Result: 'gone' (there is no such stream) | 'no_room' (the copy is gone again) | 'more' | 'copied' (all that there was)
--@include partition
--@include memory_limits
--@include stream_copy
local MOST_BYTES = 1048576

if redis.call('EXISTS', original) == 0 then
  redis.call('UNLINK', copy)
  return 'gone'
end
local used, limit = server_memory(tonumber(ARGV[3]))
local bytes = redis.call('EXISTS', copy) == 0 and redis.pcall('MEMORY', 'USAGE', original, 'SAMPLES', '5')
if limit > 0 and used + (tonumber(bytes) or 0) > ARGV[1] * limit then
  redis.call('UNLINK', copy)
  return 'no_room'
end
local complete = copy_more(tonumber(ARGV[2]), MOST_BYTES)
redis.call('PEXPIRE', copy, LIFE_MS)
return complete and 'copied' or 'more'
