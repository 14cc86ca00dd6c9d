-- Keeps what processes of an installation say, by the server's clock: receivers of the keys they accept, lookers of the
-- subscriptions they found disabled.
--
-- KEYS  1 the receivers, or the lookers: hash of `<server ms> <what it said>` by receiver
-- ARGV  1 announce | withdraw | list   2 the receiver; of list: how old what counts may be, ms   3 announce: what it says
-- Result: of list the receivers that count, each followed by what it said; else nothing
--
-- Invariants kept: a receiver counts by when the server heard of it, whatever its own clock says; what has not been
-- renewed for an hour is gone; the key has an end.
local FORGOTTEN = 3600000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

if ARGV[1] == 'announce' then
  redis.call('HSET', KEYS[1], ARGV[2], string.format('%.0f %s', now, ARGV[3]))
  redis.call('PEXPIRE', KEYS[1], FORGOTTEN)
  return {}
end
if ARGV[1] == 'withdraw' then
  redis.call('HDEL', KEYS[1], ARGV[2])
  return {}
end

local found, all = {}, redis.call('HGETALL', KEYS[1])
for at = 1, #all, 2 do
  local heard, said = string.match(all[at + 1], '^(%d+) (.*)$')
  local age = now - tonumber(heard or '0')
  if age > FORGOTTEN then
    redis.call('HDEL', KEYS[1], all[at])
  elseif age <= tonumber(ARGV[2]) then
    found[#found + 1] = all[at]
    found[#found + 1] = said
  end
end
return found
