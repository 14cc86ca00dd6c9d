-- Whether a partition knows an event. Needs: records.

-- A record without an entry counts, too: its event is not here, but what groups have made of it is.
local function is_remembered(event_id)
  return (stored_as(event_id) or redis.call('EXISTS', record_of(event_id)) == 1) and true
end
