#!lua
-- Begins a run: from now on a console carries it out.
--
-- KEYS  1 the list of runs
-- ARGV  1 the run's id   2 how many runs are kept   3 how many may be unfinished   then names and values of its fields
-- Result: 'begun' | 'too_many' (so many are unfinished; nothing happened)
--
-- Invariant kept: there are never more runs than are kept; of those that have ended, the oldest go first.
--@include runs
local id, kept, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if redis.call('ZCARD', unfinished) >= most then
  return 'too_many'
end

local excess = redis.call('ZCARD', list) + 1 - kept
for _, old in ipairs(excess > 0 and redis.call('ZRANGE', list, 0, excess + most - 1) or {}) do
  if excess > 0 and not redis.call('ZSCORE', unfinished, old) then
    redis.call('DEL', run_of(old))
    redis.call('ZREM', list, old)
    excess = excess - 1
  end
end

redis.call('ZADD', list, now, id)
redis.call('ZADD', unfinished, now, id)
redis.call('HSET', run_of(id), 'began', now, 'state', 'waiting')
write_fields(id, 4)
return 'begun'
