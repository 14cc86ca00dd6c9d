-- Which events a group is done with although no handler ran, for its filters did not want what they say. Needs: partition,
-- group, compact_records, records.
--
-- It stands beside `done`: a mark as a group's where that can be, else a field of the full record. An earlier version shows
-- it as one more group that is done. Read in administration/history.py; decision 90.
local FILTERED = 'filtered:' .. group

-- `set_outcome` has written down that it is done.
local function remember_filtered(event_id, ttl, entry)
  local compact = compact_record(event_id, entry)
  local mark_of_it = compact and mark_for_group(FILTERED, true)
  if mark_of_it then
    return add_mark(compact, mark_of_it)
  end
  local record = full_record(event_id, compact)
  redis.call('HSET', record, FILTERED, 'done')
  redis.call('EXPIRE', record, life_of(ttl, compact), 'NX')
end

-- The group is to handle the event again.
local function forget_filtered(event_id)
  local compact = compact_record(event_id)
  local mark_of_it = compact and mark_for_group(FILTERED)
  if mark_of_it then
    remove_mark(compact, mark_of_it)
  end
  redis.call('HDEL', record_of(event_id), FILTERED)
end
