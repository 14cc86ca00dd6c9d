#!lua flags=allow-oom
-- Adds a name to the set of all groups: also on a full server, whose workers and dead letters must stay visible.
--
-- KEYS  1 the set of groups
-- ARGV  1 group
-- Result: 1 when it was new, else 0
return redis.call('SADD', KEYS[1], ARGV[1])
