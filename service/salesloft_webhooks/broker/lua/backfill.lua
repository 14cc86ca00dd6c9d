-- Keeps how far backfills have come, and which process may move that on.
--
-- KEYS  1 the backfills: hash of `<job>/lease` (holder, blank, its end in server ms) and `<job>/<resource>/<field>`;
--       of the fields, `at` (the latest commit) and `kept_since` (the first) are written here, both in server ms
-- ARGV  1 hold | release | commit   2 the job   3 who asks   4 ms that a lease lasts
--       commit: 5 the resource   6 how many fields are set   then names and values   then names and what is added
-- Result: {whether the caller holds the lease: 1 or 0, server ms}
--
-- Invariants kept: one holder of a job at a time; only its holder moves a job on, and with every step the lease; counts
-- and cursor are written in one step.
local verb, job, holder, lease_ms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = job .. '/lease'
local known = redis.call('HGET', KEYS[1], lease) or ''
local owner, finish = string.match(known, '^(.*) (%d+)$')
local free = not owner or tonumber(finish) <= now

local function answer(held)
  return { held and 1 or 0, string.format('%.0f', now) }
end

if verb == 'release' then
  if owner == holder then
    redis.call('HDEL', KEYS[1], lease)
  end
  return answer(false)
elseif not (owner == holder or (free and verb == 'hold')) then
  return answer(false)
end
redis.call('HSET', KEYS[1], lease, holder .. ' ' .. string.format('%.0f', now + lease_ms))
if verb == 'commit' then
  local prefix, sets = job .. '/' .. ARGV[5] .. '/', tonumber(ARGV[6])
  redis.call('HSET', KEYS[1], prefix .. 'at', string.format('%.0f', now))
  redis.call('HSETNX', KEYS[1], prefix .. 'kept_since', string.format('%.0f', now))
  for at = 7, 6 + 2 * sets, 2 do
    redis.call('HSET', KEYS[1], prefix .. ARGV[at], ARGV[at + 1])
  end
  for at = 7 + 2 * sets, #ARGV, 2 do
    redis.call('HINCRBY', KEYS[1], prefix .. ARGV[at], ARGV[at + 1])
  end
end
return answer(true)
