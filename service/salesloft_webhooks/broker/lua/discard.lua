#!lua flags=allow-oom
-- Throws dead letters away.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 the run that does it ('': none)   3 its place here   4 its next place
--       then ids of dead letters (at most 100, so that the server is never blocked for long)
-- Result: 'moved' when the run is not at that place (nothing happened), else per id 'discarded' or 'gone' (there is no
--         such dead letter; nothing happened)
--
-- Invariant kept: the record of a discarded event says so instead of `dead`, and the group still never handles it.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include run_place
local run, place, next_place = ARGV[2], ARGV[3], ARGV[4]
if not is_at(run, place) then
  return 'moved'
end

local function discard(letter)
  local found = redis.call('XRANGE', group_base .. ':dead', letter, letter)[1]
  if not found then
    return 'gone'
  end
  local event_id = fields_of(found[2]).id
  redis.call('XDEL', group_base .. ':dead', letter)
  forget_letter(event_id, letter)
  discard_outcome(event_id)
  return 'discarded'
end

local results = {}
for at = 5, #ARGV do
  move_to(run, ARGV[at])
  local result = discard(ARGV[at])
  count_outcome(run, result, 1)
  results[#results + 1] = result
end
end_batch(run, next_place)
return results
