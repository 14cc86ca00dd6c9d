-- Keeps what processes of an installation say, by the server's clock: receivers of the keys they accept, lookers of the
-- subscriptions they found disabled. announced.lua tells it.
--
-- KEYS  1 the receivers, or the lookers: hash of `<server ms> <what it said>` by receiver
-- ARGV  1 announce | withdraw   2 the receiver   3 announce: what it says
-- Result: 1
--
-- Invariants kept: a receiver counts by when the server heard of it, whatever its own clock says; what has not been
-- renewed for an hour is gone when somebody says something; the key has an end.
local FORGOTTEN = 3600000

if ARGV[1] == 'withdraw' then
  redis.call('HDEL', KEYS[1], ARGV[2])
  return 1
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[2], string.format('%.0f %s', now, ARGV[3]))
redis.call('PEXPIRE', KEYS[1], FORGOTTEN)
local all = redis.call('HGETALL', KEYS[1])
for at = 1, #all, 2 do
  if now - tonumber(string.match(all[at + 1], '^(%d+) ') or '0') > FORGOTTEN then
    redis.call('HDEL', KEYS[1], all[at])
  end
end
return 1
