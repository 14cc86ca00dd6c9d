#!lua flags=allow-oom
-- Makes a consumer group known, from the first entry on: '$' would skip what was accepted before the first worker ran.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group
-- Result: 1 when it was made, 0 when it existed
--@include partition
--@include group
local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if made.err then
  if string.find(made.err, 'BUSYGROUP', 1, true) then
    return 0
  end
  error(made)
end
begin_run()
return 1
