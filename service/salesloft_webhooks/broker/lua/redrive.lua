#!lua flags=allow-oom
-- Gives dead letters to their group again.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 idempotency TTL, s   then ids of dead letters (at most 100, so that the server is never blocked)
-- Result: per id
--   'redriven'  the group gets the event again, by a new entry for it alone; the dead letter is gone
--   'finished'  the group has finished the event since; the dead letter is gone, nothing will be handled again
--   'no_group'  the group is not registered here, so nobody would handle it; nothing happened
--   'gone'      there is no such dead letter; nothing happened
--
-- Invariants kept
--   A dead letter becomes an entry of its group in one step: it is never both and never neither.
--   No other group gets the new entry: it names its group in `only`.
--   What the group has finished stays finished.
-- allow-oom: each new entry replaces its dead letter, which is larger.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include resubmission

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
for at = 3, #ARGV do
  results[#results + 1] = last and redrive(ARGV[at]) or 'no_group'
end
return results
