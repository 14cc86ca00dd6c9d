-- Keeps what is left of SalesLoft's rate limit, for all processes of an installation.
--
-- KEYS  1 the budget: hash `minute`, `remaining`, `blocked` (until, server ms)
-- ARGV  1 reserve | report   2 units a minute
--       reserve: 3 what the request costs   4 how much has to be left for others
--       report: 3 the minute it was reserved in   4 what SalesLoft says is left, or -1   5 ms to leave it alone
-- Result: {ms to wait, the minute, units left}; ms are 0 when the units are reserved
--
-- Invariants kept: within a minute what is left only falls, below what we reserved and below what SalesLoft said; no
-- more than a minute's units are handed out in a minute; the key has an end.
local MINUTE = 60000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local minute = math.floor(now / MINUTE)
local known = redis.call('HMGET', KEYS[1], 'minute', 'remaining', 'blocked')
local left = tonumber(known[1] or '') == minute and tonumber(known[2]) or tonumber(ARGV[2])
local blocked = tonumber(known[3] or '0')

local function whole(number)
  return string.format('%.0f', number)
end

local function keep()
  redis.call('HSET', KEYS[1], 'minute', whole(minute), 'remaining', whole(left), 'blocked', whole(blocked))
  redis.call('PEXPIRE', KEYS[1], whole(math.max(2 * MINUTE, blocked - now)))
end

if ARGV[1] == 'report' then
  -- An answer of the last minute says nothing about this one.
  if tonumber(ARGV[3]) == minute and tonumber(ARGV[4]) >= 0 then
    left = math.min(left, tonumber(ARGV[4]))
  end
  blocked = math.max(blocked, now + tonumber(ARGV[5]))
  keep()
  return {'0', whole(minute), whole(left)}
end

local cost, floor = tonumber(ARGV[3]), tonumber(ARGV[4])
if blocked > now then
  return {whole(blocked - now), whole(minute), whole(left)}
end
if left - cost < floor then
  return {whole((minute + 1) * MINUTE - now), whole(minute), whole(left)}
end
left = left - cost
keep()
return {'0', whole(minute), whole(left)}
