-- A follow-up that waits, as people look at it and have it run. Needs: partition, group, follow_ups.
local waiting_row = {}

-- Of a row: the ms when it was asked for, the row without the body, and the head of the entry; nil when it is damaged.
function waiting_row.read(row)
  local asked, _, _, length, rest = string.match(row, follow_ups.FORM)
  if rest then
    local last = rest + tonumber(length) - 1
    return tonumber(asked), string.sub(row, 1, last), string.sub(row, rest, last)
  end
end

-- Lets one be due now, as if it had been asked for with this time; false when it waits no more.
function waiting_row.let_be_due(id)
  local row = redis.call('HGET', follow_ups.entries, id) or ''
  local asked, due_at, subject, length, rest = string.match(row, follow_ups.FORM)
  if not rest then
    return false
  elseif tonumber(redis.call('ZSCORE', follow_ups.waiting, id) or math.huge) > now then
    local words = { asked, ms(math.min(tonumber(due_at), wall)), subject, length, string.sub(row, rest) }
    redis.call('ZADD', follow_ups.waiting, ms(now), id)
    redis.call('HSET', follow_ups.entries, id, table.concat(words, ' '))
  end
  return true
end
