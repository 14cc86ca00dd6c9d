#!lua flags=allow-oom
-- Says that a worker is there, and which others of its group are, so that they can share out the partitions.
--
-- KEYS  1 the stream of partition 0
-- ARGV  1 group   2 consumer   3 ms of silence after which a worker counts as gone; 0: this one leaves
-- Result: names
--
-- Nothing depends on it but latency: whoever is missing here still takes what it finds (worker/assignment.py).
--@include partition
local workers = base .. 'g:' .. ARGV[1] .. ':workers'
if ARGV[3] == '0' then
  redis.call('ZREM', workers, ARGV[2])
  return {}
end
redis.call('ZADD', workers, ms(now), ARGV[2])
redis.call('ZREMRANGEBYSCORE', workers, '-inf', '(' .. ms(now - ARGV[3]))
redis.call('PEXPIRE', workers, ms(10 * ARGV[3]))
return redis.call('ZRANGE', workers, 0, -1)
