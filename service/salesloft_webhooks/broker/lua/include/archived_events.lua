-- Which run has given an event of an archive to a group again. Needs: partition, group, compact_records, records.
--
-- It stands beside what became of the event, and lives as long.
local FROM_ARCHIVE = 'archive:' .. group

local function is_given_by(event_id, run)
  return run ~= '' and redis.call('HGET', record_of(event_id), FROM_ARCHIVE) == run
end

local function remember_given(event_id, run, ttl)
  local compact = compact_record(event_id)
  local record = full_record(event_id, compact)
  redis.call('HSET', record, FROM_ARCHIVE, run)
  redis.call('EXPIRE', record, life_of(ttl, compact))
end
