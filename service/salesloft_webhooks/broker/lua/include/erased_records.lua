-- What the record of an event says once that was erased. Needs: partition, compact_records, records.
local ERASED = 'erased:'

-- The event was erased: only its id, its outcomes and this are kept; what went wrong in its attempts may have quoted it.
local function remember_erased(event_id, entry, at, ttl)
  local compact = compact_record(event_id, entry)
  local record = full_record(event_id, compact)
  if entry then
    redis.call('HSETNX', record, ENTRY, entry)
  end
  redis.call('HSETNX', record, ERASED, ms(at))
  redis.call('HDEL', record, 'copy:') -- nobody gets it any more, by whatever delivery
  for _, field in ipairs(redis.call('HKEYS', record)) do
    if string.sub(field, 1, 4) == 'try:' then
      redis.call('HDEL', record, field)
    end
  end
  redis.call('EXPIRE', record, life_of(ttl, compact))
end
