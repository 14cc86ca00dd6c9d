#!lua flags=allow-oom
-- Turns entries for which no worker has had a handler for too long into dead letters.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 idempotency TTL, s   3 grace, ms   4 limit (entries in one call)
-- Result: the event types of the entries that became dead letters, one per entry
--
-- Invariants kept
--   Nothing dies that a version in force could run: its workers may be busy, or the group paused.
--   Nothing dies before it has waited for the whole grace; the lane it headed moves on.
--   What is done stays done.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include giving_up
--@include patterns
--@include filter
local ttl, grace, limit = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local message = string.format('no worker of the group had a handler for this event type for %.0f s', grace / 1000)
local died = {}

-- Deleted by hand, or done: a late `done` may have been written down while the entry was another consumer's.
local function is_finished(id)
  local entry = redis.call('XRANGE', events, id, id)[1]
  return not entry or outcome_of(entry_fields(entry[2]).id or '', id)
end

local function give_up(event_type, member)
  if not leave_queue(event_type, member) then
    return
  end
  local id, lane = split_member(member)
  local owner, attempts = owner_of(id)
  if owner and not is_finished(id) then
    local known = last_error_of(id)
    local why = known == '' and message or message .. '; before that: ' .. known
    local fields = add_dead_letter(id, 'no_handler', why, attempts, owner)
    set_outcome(fields.id or '', 'dead', ttl, id)
    died[#died + 1] = event_type
  end
  finish(id, lane)
end

for_queues(function(event_type)
  if #died >= limit or any_version(version_runs, event_type) then
    return
  end
  local expired = redis.call('ZRANGEBYSCORE', unhandled .. ':' .. event_type, '-inf', ms(now - grace), 'LIMIT', 0,
    limit - #died)
  for _, member in ipairs(expired) do
    give_up(event_type, member)
  end
end)
return died
