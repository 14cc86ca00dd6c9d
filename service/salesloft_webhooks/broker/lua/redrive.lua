#!lua flags=allow-oom
-- Gives dead letters to their group again.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 idempotency TTL, s   3 the run that does it ('': none)   4 its place here   5 its next place
--       6 dead letters up to there that the run passes over, for the group does not want them
--       then ids of dead letters (at most 100, so that the server is never blocked)
-- Result: 'moved' when the run is not at that place (nothing happened), else per id
--   'redriven'  the group gets the event again, by a new entry for it alone; the dead letter is gone
--   'finished'  the group has finished the event since; the dead letter is gone, nothing will be handled again
--   'no_group'  the group is not registered here, so nobody would handle it; nothing happened
--   'gone'      there is no such dead letter; nothing happened
--
-- Invariants kept
--   A dead letter becomes an entry of its group in one step: it is never both and never neither.
--   No other group gets the new entry: it names its group in `only`.
--   What the group has finished stays finished.
--   A run passes a dead letter in the step that redrives it.
-- allow-oom: each new entry replaces its dead letter, which is larger.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include kinds_of_done
--@include resubmission
--@include run_place
local run, position, next_position = ARGV[3], ARGV[4], ARGV[5]
if not is_at(run, position) then
  return 'moved'
end

local function redrive(letter)
  local found = redis.call('XRANGE', group_base .. ':dead', letter, letter)[1]
  if not found then
    return 'gone'
  end
  local fields = fields_of(found[2])
  redis.call('XDEL', group_base .. ':dead', letter)
  forget_letter(fields.id, letter)
  if outcome_of(fields.id) == 'done' then
    return 'finished'
  end
  resubmit(fields, progress_of(fields.id, fields.entry))
  return 'redriven'
end

local results = {}
count_outcome(run, 'not_wanted', tonumber(ARGV[6]))
for at = 7, #ARGV do
  move_to(run, ARGV[at])
  local result = last and redrive(ARGV[at]) or 'no_group'
  count_outcome(run, result, 1)
  results[#results + 1] = result
end
end_batch(run, next_position)
return results
