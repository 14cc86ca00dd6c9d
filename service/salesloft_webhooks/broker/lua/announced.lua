#!lua flags=no-writes
-- Tells what processes of an installation have said (receivers.lua), if it counts still, by the server's clock.
--
-- KEYS  1 the receivers, or the lookers: hash of `<server ms> <what it said>` by receiver
-- ARGV  1 how old what counts may be, ms
-- Result: the receivers that count, each followed by what it said
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found, all = {}, redis.call('HGETALL', KEYS[1])
for at = 1, #all, 2 do
  local heard, said = string.match(all[at + 1], '^(%d+) (.*)$')
  if heard and now - tonumber(heard) <= tonumber(ARGV[1]) then
    found[#found + 1] = all[at]
    found[#found + 1] = said
  end
end
return found
