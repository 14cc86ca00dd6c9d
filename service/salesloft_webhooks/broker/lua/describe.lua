#!lua flags=allow-oom
-- Writes down what a group is, for people: also on a full server.
--
-- KEYS  1 the group's registration
-- ARGV  1 'start' | 'refresh' (only where there is none)   then names and values of its fields
-- Result: 1 when it was written, else 0
if ARGV[1] == 'refresh' and redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return 1
