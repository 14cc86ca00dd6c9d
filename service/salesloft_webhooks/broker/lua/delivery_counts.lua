-- Keeps what receivers say of deliveries: when the latest of each kind came, by the server's clock, and how many came.
--
-- KEYS  1 the deliveries: hash of `<server ms of the latest> <how many>` by `<source> type|outcome <which>`
-- ARGV  three for each kind that came since this receiver said so last: field, its age in ms, how many
-- Result: server ms
--
-- Invariants kept: a latest never moves back; the hash has at most `MOST` fields, and an end.
local MOST, FORGOTTEN = 1000, 90 * 86400000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

for at = 1, #ARGV, 3 do
  local known = redis.call('HGET', KEYS[1], ARGV[at])
  if known or redis.call('HLEN', KEYS[1]) < MOST then
    local last, count = string.match(known or '', '^(%d+) (%d+)$')
    local came = math.max(tonumber(last or 0), now - math.max(tonumber(ARGV[at + 1]), 0))
    redis.call('HSET', KEYS[1], ARGV[at], string.format('%.0f %.0f', came, tonumber(count or 0) + tonumber(ARGV[at + 2])))
  end
end
if #ARGV > 0 then
  redis.call('PEXPIRE', KEYS[1], FORGOTTEN)
end
return string.format('%.0f', now)
