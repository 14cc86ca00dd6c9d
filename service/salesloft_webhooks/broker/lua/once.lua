-- Takes, confirms or releases the right to do something once.
--
-- KEYS  1 the partition's stream   2 the permit: hash `state`, `at`   3 the rate limit: hash `minute`, `count`
-- ARGV  1 claim | confirm | release   2 time to keep, ms   3 permits per minute (claim only)
-- Result: {granted | wait | claimed | done, ms to wait}
--
-- Invariants kept: a permit is granted once until it is released; per rate limit and minute no more are granted than
-- allowed, a place once reserved included; both keys have an end.
--@include partition
local permit, rate_limit = KEYS[2], KEYS[3]
local verb, keep = ARGV[1], tonumber(ARGV[2])
local MINUTE = 60000

local function set(state, at)
  redis.call('HSET', permit, 'state', state, 'at', ms(at))
  redis.call('PEXPIRE', permit, ms(keep))
end

-- The time of the first place that is free, which is taken by asking.
local function next_place(per_minute)
  local this = math.floor(now / MINUTE)
  local last = redis.call('HMGET', rate_limit, 'minute', 'count')
  local minute, count = tonumber(last[1] or 0), tonumber(last[2] or 0)
  if minute < this then
    minute, count = this, 0
  elseif count >= per_minute then
    minute, count = minute + 1, 0
  end
  redis.call('HSET', rate_limit, 'minute', ms(minute), 'count', ms(count + 1))
  redis.call('PEXPIRE', rate_limit, ms((minute - this + 2) * MINUTE))
  return math.max(now, minute * MINUTE)
end

if verb == 'confirm' then
  set('done', now)
  return {'done', '0'}
end
if verb == 'release' then
  redis.call('DEL', permit)
  return {'granted', '0'}
end

local known = redis.call('HMGET', permit, 'state', 'at')
if known[1] == 'claimed' or known[1] == 'done' then
  return {known[1], '0'}
end
local at = known[1] == 'wait' and tonumber(known[2]) or next_place(tonumber(ARGV[3]))
if at > now then
  set('wait', at)
  return {'wait', ms(at - now)}
end
set('claimed', now)
return {'granted', '0'}
