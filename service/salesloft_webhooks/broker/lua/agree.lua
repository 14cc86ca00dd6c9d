#!lua flags=allow-oom
-- Writes down the number of partitions, if it is still what the caller has seen: also on a full server.
--
-- KEYS  1 the number of partitions
-- ARGV  1 number   2 what the caller has seen, '' for none
-- Result: the number that stands there now
if (redis.call('GET', KEYS[1]) or '') == ARGV[2] then
  redis.call('SET', KEYS[1], ARGV[1])
end
return redis.call('GET', KEYS[1])
