#!lua
-- Gives events that an archive has to one group again, as replay.lua does with what is in the stream.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 idempotency TTL, s   3 the number of partitions the caller works with
--       4 the run that does it ('': only say what would happen)   5 its place here   6 its next place
--       7 events up to there that the run passes over, for the group does not want them
--       then nine per event (few, so that the server is never blocked for long): its place, id, type, entity key, entity
--       key of the person it is about besides ('': nobody), source, when it was received (server ms), when it happened as
--       the sender wrote it, body
-- Result: 'moved' when the run is not at that place, 'stale' when another number of partitions is in force, 'no_group' when
--   the group is not registered here, so nobody would handle it (nothing happened in any of these cases), else per event
--   'replayed'     it is in the stream for this group only, or would be
--   'in_progress'  the group has not finished it yet; nothing happened
--   'dead'         it is a dead letter of the group, which redrive is for; nothing happened
--   'erased'       it, or the person, was erased; nothing happened
--   'repeated'     the run has given it already; nothing happened
--   'no_group'     without a run: the same
--
-- Invariants kept
--   No other group gets the event: its entry names its group in `only`.
--   No event is on its way to the same group twice.
--   A run gives an event once, and passes it in the step that does so, whoever carries the run out.
--   What is erased does not come back.
--   The event has a record from then on. If none was there before, it says that this group alone got the event: a delivery
--   of it is stored, and handled by all others (publish.lua).
-- No allow-oom flag: copies take memory, and a full server must keep what it has for deliveries.
local FIELDS, FIRST = 9, 8
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include kinds_of_done
--@include archived_events
--@include erased_records
--@include erased_people
--@include resubmission
--@include run_place
--@include layout
local ttl, run, position, next_position = ARGV[2], ARGV[4], ARGV[5], ARGV[6]
if not is_at(run, position) then
  return 'moved'
elseif moved(ARGV[3], 1) then
  return 'stale'
elseif run ~= '' and not last then
  return 'no_group'
end

local function give(at)
  local fields = { id = ARGV[at + 1], type = ARGV[at + 2], key = ARGV[at + 3], src = ARGV[at + 5], at = ARGV[at + 6],
    made = ARGV[at + 7], body = ARGV[at + 8] }
  local erased = is_erased_person(fields.key, fields.at) or is_erased_person(ARGV[at + 4], fields.at)
  if erased or redis.call('HGET', record_of(fields.id), ERASED) then
    return 'erased'
  elseif is_given_by(fields.id, run) then
    return 'repeated'
  end
  local state, way = outcome_of(fields.id), progress_of(fields.id)
  if state == 'dead' then
    return 'dead'
  elseif way == 'pending' or (way == 'unread' and not state) then
    return 'in_progress'
  elseif run ~= '' then
    resubmit(fields, way)
    remember_given(fields.id, run, ttl)
  end
  return 'replayed'
end

local results = {}
count_outcome(run, 'not_wanted', tonumber(ARGV[7]))
for at = FIRST, #ARGV, FIELDS do
  move_to(run, ARGV[at])
  local result = last and give(at) or 'no_group'
  count_outcome(run, result, 1)
  results[#results + 1] = result
end
end_batch(run, next_position)
if run ~= '' then
  redis.call('HSET', place_key(run), 'changed', ms(wall)) -- a sign of life, for people
end
return results
