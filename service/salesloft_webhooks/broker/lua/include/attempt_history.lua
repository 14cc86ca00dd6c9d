-- What became of each attempt at an event in one group, for people to read. Needs: partition, group, compact_records,
-- records.
--
-- A field of the event's full record, a line an attempt: number, when it began by the server's clock in ms (when that is
-- not known: when it ended), how long it took in ms, how it ended, trace id, what went wrong; '-' where nothing is known.
-- What succeeds at once has no line, and costs nothing. Read in administration/past_attempts.py; decision 68.
local remember_attempt, remember_success
do -- a script has room for 200 local names: those of lines end here
  local MOST_LINES, MOST_BYTES = 10, 300

  -- The first one stays, which says how it began, and of the later ones the last.
  local function with_line(known, line)
    local lines = {}
    for each in string.gmatch(known .. '\n' .. string.sub(line, 1, MOST_BYTES), '[^\n]+') do
      lines[#lines + 1] = each
    end
    if #lines > MOST_LINES then
      table.remove(lines, 2)
    end
    return table.concat(lines, '\n')
  end

  -- An attempt that did not end well: its event has a full record from now on.
  function remember_attempt(event_id, entry, ttl, line)
    local compact = compact_record(event_id, entry)
    local record = full_record(event_id, compact, entry)
    redis.call('HSET', record, TRY .. group, with_line(redis.call('HGET', record, TRY .. group) or '', line))
    redis.call('EXPIRE', record, life_of(ttl, compact), 'NX')
  end

  -- One that did: told only where earlier ones were.
  function remember_success(event_id, line)
    local record = record_of(event_id)
    local known = redis.call('HGET', record, TRY .. group)
    if known then
      redis.call('HSET', record, TRY .. group, with_line(known, line))
    end
  end
end
