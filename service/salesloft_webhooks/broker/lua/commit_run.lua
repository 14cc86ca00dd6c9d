#!lua flags=allow-oom
-- Writes down how a run gets on, or how it has ended; by the holder of the lease only.
--
-- KEYS  1 the list of runs
-- ARGV  1 who asks   2 the run's id   3 'on' | 'end'   then names and values of its fields
-- Result: 1 written, 0 not: the caller does not hold the lease, or the run has ended
--
-- Invariant kept: a run ends once.
--@include runs
local holder, id, verb = ARGV[1], ARGV[2], ARGV[3]
if redis.call('GET', lease) ~= holder or not redis.call('ZSCORE', unfinished, id) then
  return 0
end
write_fields(id, 4)
if verb == 'end' then
  redis.call('ZREM', unfinished, id)
end
return 1
