#!lua flags=allow-oom
-- Cancels follow-ups because somebody wants that, by a run or without one.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 idempotency TTL, s   3 the number of partitions the caller works with
--       4 the run that does it ('': none)   5 its place here   6 its next place
--       then ids (at most 100, so that the server is never blocked for long)
-- Result: 'moved' when the run is not at that place, 'stale' when another number of partitions is in force (nothing
--         happened in both), else per id
--   'cancelled'  no attempt at it begins any more
--   'running'    the same, but for the attempt that runs now
--   'over'       it was over before, or is unknown here; nothing happened
--
-- Invariants kept
--   What is cancelled here never waits or begins here, also if it was on its way here from another partition.
--   Whoever takes it at this moment comes before, and it is running, or after, and is given nothing.
-- allow-oom: it makes room.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include debounced
--@include follow_ups
--@include layout
--@include run_place
local ttl, run, position, next_position = tonumber(ARGV[2]), unpack(ARGV, 4, 6)
local SAID = { ended = 'cancelled', running = 'running', none = 'over' }
if moved(ARGV[3], 1) then
  return 'stale'
elseif not is_at(run, position) then
  return 'moved'
end

local results = {}
for at = 7, #ARGV do
  results[#results + 1] = SAID[follow_ups.finish(ARGV[at], 'cancelled', ttl)]
  count_outcome(run, results[#results], 1)
end
end_batch(run, next_position)
return results
