-- Takes, confirms or releases the right to do something once.
--
-- KEYS  1 the partition's stream   2 the claim: hash `state`, `at`   3 the pace: hash `minute`, `count`
-- ARGV  1 claim | confirm | release   2 time to keep, ms   3 turns per minute (claim only)
-- Result: {granted | wait | claimed | done, ms to wait}
--
-- Invariants kept: a claim is granted once until it is released; per pace and minute no more turns are given than
-- allowed, a place once reserved included; both keys have an end.
--@include partition
local claim, pace = KEYS[2], KEYS[3]
local verb, keep = ARGV[1], tonumber(ARGV[2])
local MINUTE = 60000

local function set(state, at)
  redis.call('HSET', claim, 'state', state, 'at', ms(at))
  redis.call('PEXPIRE', claim, ms(keep))
end

-- The time of the first place that is free, which is taken by asking.
local function next_place(per_minute)
  local this = math.floor(now / MINUTE)
  local last = redis.call('HMGET', pace, 'minute', 'count')
  local minute, count = tonumber(last[1] or 0), tonumber(last[2] or 0)
  if minute < this then
    minute, count = this, 0
  elseif count >= per_minute then
    minute, count = minute + 1, 0
  end
  redis.call('HSET', pace, 'minute', ms(minute), 'count', ms(count + 1))
  redis.call('PEXPIRE', pace, ms((minute - this + 2) * MINUTE))
  return math.max(now, minute * MINUTE)
end

if verb == 'confirm' then
  set('done', now)
  return {'done', '0'}
end
if verb == 'release' then
  redis.call('DEL', claim)
  return {'granted', '0'}
end

local known = redis.call('HMGET', claim, 'state', 'at')
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
