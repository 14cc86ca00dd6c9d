-- Adds a sample to a ring, unless it has one that is younger than that: of several, whoever comes first writes.
--
-- KEYS  1 the ring: list of `<server ms> <figures>`, the latest first
-- ARGV  1 ms within which there is to be no other   2 how many are kept   3 ms after which the ring ends   4 the figures
-- Result: 1 when it was added, else 0
--
-- Invariants kept: the list is bounded, and ends by itself when nobody adds to it. Several who sample at once add one.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local last = tonumber(string.match(redis.call('LINDEX', KEYS[1], 0) or '', '^%d+') or 0)
-- A clock that was set back does not stop the samples.
if last <= now and now - last < tonumber(ARGV[1]) then
  return 0
end
redis.call('LPUSH', KEYS[1], string.format('%.0f %s', now, ARGV[4]))
redis.call('LTRIM', KEYS[1], 0, ARGV[2] - 1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
