#!lua flags=no-writes
-- Reads dead letters without their bodies, which may be large and are personal data.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 first id   3 last id (as XRANGE takes them)   4 how many at the most
--       5 'up' (oldest first, from the first id on) | 'down' (newest first, from the last id on)
--       6 bytes of an error that are given
-- Result: { id, names and values }, one for each
--@include partition
--@include group
local WITHOUT = { body = true, of = true, tp = true }
local dead, most = group_base .. ':dead', tonumber(ARGV[6])

local function words_without_body(flat)
  local words = {}
  for at = 1, #flat, 2 do
    local name, value = flat[at], flat[at + 1]
    if not WITHOUT[name] then
      words[#words + 1] = name
      words[#words + 1] = name == 'error' and string.sub(value, 1, most) or value
    end
  end
  return words
end

local found = ARGV[5] == 'up' and redis.call('XRANGE', dead, ARGV[2], ARGV[3], 'COUNT', ARGV[4])
  or redis.call('XREVRANGE', dead, ARGV[3], ARGV[2], 'COUNT', ARGV[4])
for _, entry in ipairs(found) do
  entry[2] = words_without_body(entry[2])
end
return found
