#!lua flags=allow-oom
-- Throws dead letters away.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   then ids of dead letters (at most 100, so that the server is never blocked for long)
-- Result: per id 'discarded' or 'gone' (there is no such dead letter; nothing happened)
--
-- Invariant kept: the record of a discarded event says so instead of `dead`, and the group still never handles it.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes

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
for at = 2, #ARGV do
  results[#results + 1] = discard(ARGV[at])
end
return results
