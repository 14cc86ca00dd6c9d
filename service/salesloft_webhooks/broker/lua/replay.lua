#!lua
-- Gives history to one group again.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 idempotency TTL, s   3 'dry' (only say what would happen) | 'wet'
--       then ids of entries (at most 100, so that the server is never blocked for long)
-- Result: per id
--   'replayed'     a copy for this group only is in the stream (dry: would be)
--   'in_progress'  the group has not finished the event yet; nothing happened
--   'dead'         the event is a dead letter of the group, which redrive is for; nothing happened
--   'gone'         the entry has been trimmed, or its body was deleted by hand; nothing happened
--   'no_group'     the group is not registered here, so nobody would handle it; nothing happened
--
-- Invariants kept
--   No other group gets the copy: it names its group in `only`.
--   No event is on its way to the same group twice.
-- No allow-oom flag: copies take memory, and a full server must keep what it has for deliveries.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include resubmission
local dry = ARGV[3] == 'dry'

local function replay(id)
  local fields, whole = fields_at(id)
  if not whole then
    return 'gone'
  end
  local state = outcome_of(fields.id, id)
  local way = progress_of(fields.id, id)
  if state == 'dead' then
    return 'dead'
  elseif way == 'pending' or (way == 'unread' and not state) then
    return 'in_progress'
  elseif not dry then
    resubmit(fields, way)
  end
  return 'replayed'
end

local results = {}
for at = 4, #ARGV do
  results[#results + 1] = last and replay(ARGV[at]) or 'no_group'
end
return results
