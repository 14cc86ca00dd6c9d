#!lua flags=no-writes
-- Counts dead letters by what they died of: a slice of them, so that the server is never blocked for long.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 the id behind which to begin   3 the last id ('+': all)   4 how many at the most
--       5 bytes of an error that tell it from others   6 of this entity key only   7 died at this ms or later   8 or earlier
--       (6 to 8: '' chooses all)
-- Result: { letters there are, the id of the last one counted ('': there was none), counts }
--   counts: { reason, event type, error, how many, ms when the last of them died }, one for each combination
--@include partition
--@include group
local dead, limit, most = group_base .. ':dead', tonumber(ARGV[4]), tonumber(ARGV[5])
local found = redis.call('XRANGE', dead, '(' .. ARGV[2], ARGV[3], 'COUNT', limit)

local key, since, till = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])

local function is_wanted(letter)
  local died = tonumber(letter.died) or 0
  return (key == '' or letter.key == key) and (not since or died >= since) and (not till or died <= till)
end

local counts, at_of = {}, {}
local function count(letter)
  local words = { letter.reason or '', letter.type or '', string.sub(letter.error or '', 1, most) }
  local name = table.concat(words, '\n')
  local row = counts[at_of[name]]
  if not row then
    at_of[name] = #counts + 1
    row = { words[1], words[2], words[3], 0, '0' }
    counts[at_of[name]] = row
  end
  row[4], row[5] = row[4] + 1, letter.died or '0'
end

for _, entry in ipairs(found) do
  local letter = fields_of(entry[2])
  if is_wanted(letter) then
    count(letter)
  end
end
return { redis.call('XLEN', dead), #found > 0 and found[#found][1] or '', counts }
