-- Keeps what people were told, and which process tells them.
--
-- KEYS  1 the alerts: hash of `lease` (holder, blank, its end in server ms) and `ledger` (what was told, and is to be)
-- ARGV  1 hold | commit | release   2 who asks   3 ms that a lease lasts   4 commit: the ledger
-- Result: { 0: another holds the lease, 1: the caller does, 2: it does from now on; server ms; of 2 the ledger, or '' }
--
-- Invariants kept: one holder at a time; only the holder writes, and renews the lease by it.
local verb, holder, lease_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.call('HGET', KEYS[1], 'lease') or ''
local owner, finish = string.match(known, '^(.*) (%d+)$')
local free = not owner or tonumber(finish) <= now

local function answer(held, ledger)
  return { held, string.format('%.0f', now), ledger or '' }
end

if verb == 'release' then
  if owner == holder then
    redis.call('HDEL', KEYS[1], 'lease')
  end
  return answer(0)
elseif owner ~= holder and not (free and verb == 'hold') then
  return answer(0)
end
redis.call('HSET', KEYS[1], 'lease', holder .. ' ' .. string.format('%.0f', now + lease_ms))
if verb == 'commit' then
  redis.call('HSET', KEYS[1], 'ledger', ARGV[4])
end
if owner == holder then
  return answer(1)
end
return answer(2, redis.call('HGET', KEYS[1], 'ledger'))
