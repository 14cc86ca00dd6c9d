-- Which events a group is done with although no handler ran: 'filtered', for its filters did not want what they say, or
-- 'debounced', for what is to be done about them is a follow-up. Needs: partition, group, compact_records, records.
--
-- It stands beside `done`: a mark as a group's where that can be, else a field of the full record. An earlier version shows
-- it as one more group that is done. Read in administration/history.py; decisions 90 and 100.
local kinds_of_done = { filtered = 'filtered:' .. group, debounced = 'debounced:' .. group }

-- `set_outcome` has written down that it is done.
local function remember_kind(kind, event_id, ttl, entry)
  local compact = compact_record(event_id, entry)
  local mark_of_it = compact and mark_for_group(kinds_of_done[kind], true)
  if mark_of_it then
    return add_mark(compact, mark_of_it)
  end
  local record = full_record(event_id, compact)
  redis.call('HSET', record, kinds_of_done[kind], 'done')
  redis.call('EXPIRE', record, life_of(ttl, compact), 'NX')
end

-- The group is to handle the event again.
local function forget_kind(event_id)
  local compact = compact_record(event_id)
  for _, kind in pairs(kinds_of_done) do
    local mark_of_it = compact and mark_for_group(kind)
    if mark_of_it then
      remove_mark(compact, mark_of_it)
    end
    redis.call('HDEL', record_of(event_id), kind)
  end
end
