#!lua
-- Gives history to one group again.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 idempotency TTL, s   3 'dry' (only say what would happen) | 'wet'
--       4 the run that does it ('': none)   5 its place here   6 its next place   7 the id with which its selection begins
--       8 entries up to there that the run passes over, for the group does not want them
--       then ids of entries (at most 100, so that the server is never blocked for long)
-- Result: 'moved' when the run is not at that place (nothing happened), else per id
--   'replayed'     a copy for this group only is in the stream (dry: would be)
--   'in_progress'  the group has not finished the event yet; nothing happened
--   'dead'         the event is a dead letter of the group, which redrive is for; nothing happened
--   'gone'         the entry has been trimmed, or its body was deleted by hand, or it is a follow-up that was called off;
--                  nothing happened
--   'not_wanted'   it is a follow-up of another group, which has another id than the event; nothing happened
--   'no_group'     the group is not registered here, so nobody would handle it; nothing happened
--   'repeated'     the run has another entry of the event in its selection; nothing happened
--
-- Invariants kept
--   No other group gets the copy: it names its group in `only`.
--   No event is on its way to the same group twice.
--   A run replays an event once, however many entries of it its selection has, and passes an entry in the step that
--   replays it.
-- No allow-oom flag: copies take memory, and a full server must keep what it has for deliveries.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include kinds_of_done
--@include resubmission
--@include run_place
local run, position, next_position, first_id = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
if not is_at(run, position) then
  return 'moved'
end
local dry = ARGV[3] == 'dry'

-- A copy that an earlier redrive or replay has made, of an event that the run meets elsewhere, too: as its first entry,
-- or as another copy, of which the run remembers the first one.
local function is_repeated(id, fields)
  if run == '' or fields.only == '' then
    return false
  end
  local first = entries_known_of(fields.id)
  if first and first ~= id and not is_after(first_id, first) and redis.call('XRANGE', events, first, first)[1] then
    return true
  end
  return not is_first(run, fields.id)
end

local function replay(id)
  local fields, whole = fields_at(id)
  if not whole then
    return 'gone'
  elseif fields.only ~= '' and fields.only ~= group and string.find(fields.tp or '', '\2', 1, true) then
    return 'not_wanted'
  elseif is_repeated(id, fields) then
    return 'repeated'
  end
  -- A follow-up that was called off is not to be run by anybody.
  local called_off = fields.only == group and redis.call('HGET', record_of(fields.id), 'later:' .. group)
  if called_off and called_off ~= 'begun' then
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
count_outcome(run, 'not_wanted', tonumber(ARGV[8]))
for at = 9, #ARGV do
  move_to(run, ARGV[at])
  local result = last and replay(ARGV[at]) or 'no_group'
  count_outcome(run, result, 1)
  results[#results + 1] = result
end
end_batch(run, next_position)
return results
