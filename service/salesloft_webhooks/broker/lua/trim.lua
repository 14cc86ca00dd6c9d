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
--@include finished_entries
--@include entries
--@include needed_entries
local retention, limit = tonumber(ARGV[1]), tonumber(ARGV[2])

local groups = registered_groups()
if #groups == 0 then
  return { 0, '0' }
end

local cut = tonumber(ARGV[3]) or now - retention
local first_ms, first_seq = first_unfinished(groups)
local oldest_kept = first_needed(is_earlier(first_ms, first_seq, cut, 0) and join_id(first_ms, first_seq) or join_id(cut, 0))
-- Whole nodes first, cheaply and bounded; then, when little is left, exactly.
local removed = remove_nodes_before(oldest_kept, limit)
if removed == 0 then
  removed = redis.call('XTRIM', events, 'MINID', '=', oldest_kept)
end
return { removed, string.format('%.0f', cut) }
