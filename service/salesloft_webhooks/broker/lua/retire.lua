#!lua flags=allow-oom
-- Removes consumers that hold nothing: the names of pods that are no more.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 idle ms a consumer must have been silent   3 a consumer to remove however short its silence, or ''
-- Result: consumers removed
--
-- Invariant kept: XGROUP DELCONSUMER forgets pending entries, so only a consumer without any is removed, in one step
-- with the check. The pseudo consumer '-' stays.
--@include partition
--@include group
local idle, named = tonumber(ARGV[2]), ARGV[3]
local consumers = redis.pcall('XINFO', 'CONSUMERS', events, group)
if consumers.err then
  return 0
end
redis.call('ZREM', group_base .. ':seen', named)
redis.call('ZREMRANGEBYSCORE', group_base .. ':seen', '-inf', ms(now - idle))
for _, kept in ipairs({ group_base .. ':last_take', group_base .. ':formats' }) do
  for _, name in ipairs(redis.call('HKEYS', kept)) do
    if not redis.call('ZSCORE', group_base .. ':seen', name) then
      redis.call('HDEL', kept, name)
    end
  end
end
local removed = 0
for _, flat in ipairs(consumers) do
  local info = fields_of(flat)
  if info.pending == 0 and info.name ~= NOBODY and (info.idle >= idle or info.name == named) then
    redis.call('XGROUP', 'DELCONSUMER', events, group, info.name)
    removed = removed + 1
  end
end
return removed
