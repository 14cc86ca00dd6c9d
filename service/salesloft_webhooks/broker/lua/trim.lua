#!lua flags=allow-oom
-- Removes history: entries that every registered group has finished and that are older than the retention.
--
-- KEYS  1 the partition's stream
-- ARGV  1 retention, ms   2 limit (entries examined in one call, so that the server is never blocked for long)
--       3 '' or the cut, ms: only what is older is removed; as the first call of a round has answered, so that a round
--         ends although entries grow old faster than it removes them
-- Result: { entries removed, the cut, ms }
--
-- Invariants kept
--   Nothing pending and nothing undelivered in any group is removed.
--   Nothing is removed that carries the body of an entry that stays.
--   Without a single group nothing is removed: nobody has handled anything yet.
--@include partition
--@include entries
local retention, limit = tonumber(ARGV[1]), tonumber(ARGV[2])

local groups = redis.pcall('XINFO', 'GROUPS', events)
if groups.err or #groups == 0 then
  return { 0, '0' }
end

local function split(id)
  local dash = string.find(id, '-', 1, true)
  return tonumber(string.sub(id, 1, dash - 1)), tonumber(string.sub(id, dash + 1))
end

-- The oldest id that must stay, as two numbers: Lua compares ids as text otherwise.
local cut = tonumber(ARGV[3]) or now - retention
local keep_ms, keep_seq = cut, 0
local function keep(id, after)
  local id_ms, id_seq = split(id)
  id_seq = id_seq + after
  if id_ms < keep_ms or (id_ms == keep_ms and id_seq < keep_seq) then
    keep_ms, keep_seq = id_ms, id_seq
  end
end

for _, flat in ipairs(groups) do
  local info = fields_of(flat)
  keep(info['last-delivered-id'], 1)
  local pending = redis.call('XPENDING', events, info.name)
  if pending[1] > 0 then
    keep(pending[2], 0)
  end
end

-- An entry that shares the body of one before it keeps that, too. Those behind it find theirs from there on.
local first = redis.call('XRANGE', events, string.format('%.0f-%s', math.max(keep_ms, 0), keep_seq), '+', 'COUNT', 1)[1]
local carrier = first and carrier_of(first[1], fields_of(first[2]))
if carrier then
  keep(carrier, 0)
end

local oldest_kept = string.format('%.0f-%.0f', math.max(keep_ms, 0), keep_seq)
-- Whole nodes first, cheaply and bounded; then, when little is left, exactly.
local removed = redis.call('XTRIM', events, 'MINID', '~', oldest_kept, 'LIMIT', limit)
if removed == 0 then
  removed = redis.call('XTRIM', events, 'MINID', '=', oldest_kept)
end
return { removed, string.format('%.0f', cut) }
