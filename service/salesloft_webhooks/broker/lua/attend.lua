#!lua flags=allow-oom
-- Says that a worker is there, and which others of its group are, so that they can share out the partitions. On the same
-- way it learns what it would have to ask for else: by which number of partitions is stored, and whether it has work here.
--
-- KEYS  1 the stream of partition 0
-- ARGV  1 group   2 consumer   3 ms of silence after which a worker counts as gone; 0: this one leaves
-- Result: { names, 1 when an entry is due here now, else 0; the partition's layout as a flat list }
--
-- Nothing depends on it but latency: whoever is missing here still takes what it finds (worker/assignment.py).
--@include partition
--@include layout
local workers = base .. 'g:' .. ARGV[1] .. ':workers'
if ARGV[3] == '0' then
  redis.call('ZREM', workers, ARGV[2])
  return { {}, 0, {} }
end
redis.call('ZADD', workers, ms(now), ARGV[2])
redis.call('ZREMRANGEBYSCORE', workers, '-inf', '(' .. ms(now - ARGV[3]))
redis.call('PEXPIRE', workers, ms(10 * ARGV[3]))
local first = redis.call('ZRANGE', base .. 'g:' .. ARGV[1] .. ':due', 0, 0, 'WITHSCORES')
return {
  redis.call('ZRANGE', workers, 0, -1),
  first[2] and tonumber(first[2]) <= now and 1 or 0,
  redis.call('HGETALL', layout),
}
