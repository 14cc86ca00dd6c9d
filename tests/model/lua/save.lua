-- Everything that is in the store: packed, to be loaded again, and readable.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   then ids of events and follow-ups
-- Result: { packed, readable rows in the order of tests/model/view.py }
--
-- Of what debounced handlers have asked for, nobody knows the ids before: they are found by the events that have asked.
-- An end that is near is kept by the model's clock. It is rounded: the server's own clock has gone on by a moment.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
local DAY, ROUND = 86400000, 100000
local FOR_EVER, FOR_DAYS = 0, 1

local function end_of_key(key)
  local left = redis.call('PTTL', key)
  if left < 0 or left >= DAY then
    return left < 0 and FOR_EVER or FOR_DAYS
  end
  return wall + math.floor(left / ROUND + 0.5) * ROUND
end

local packed, names = {}, {}
for _, key in ipairs(redis.call('KEYS', 'sl:*')) do
  local ends_at = end_of_key(key)
  if ends_at == wall then
    redis.call('DEL', key)
  else
    packed[#packed + 1] = { key, ends_at, redis.call('DUMP', key) }
    names[#names + 1] = { key, ends_at }
  end
end

local function entries_of(stream)
  local rows = {}
  for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+')) do
    local fields = entry_fields(entry[2])
    rows[#rows + 1] = { entry[1], fields.id or '', fields.only or '', fields.entry or '', fields.reason or '' }
  end
  return rows
end

local last_delivered = ''
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', events)) do
  local info = fields_of(flat)
  if info.name == group then
    last_delivered = info['last-delivered-id']
  end
end

local outcomes = {}
local function add_record(id)
  local record = redis.call('HMGET', record_of(id), LETTER .. group, POISON .. group, AGAIN .. group, DUPLICATES)
  local compact = compact_record(id)
  outcomes[#outcomes + 1] = { id, outcome_of(id) or '', record[1] or '', record[2] or '', record[3] or '',
    record[4] or '', compact and has_mark(compact, MORE) and 'more' or compact and 'compact' or '',
    redis.call('HGET', record_of(id), 'later:' .. group) or '' }
end
for at = 2, #ARGV do
  add_record(ARGV[at])
end
for at = 2, #ARGV do
  for id in string.gmatch(redis.call('HGET', record_of(ARGV[at]), 'asked:' .. group) or '', 'follow%-up/%d+%-%S+') do
    add_record(id)
  end
end

local lanes, settles, ended, permits = {}, {}, {}, {}
for _, row in ipairs(names) do
  if string.find(row[1], group_base .. ':lane:', 1, true) == 1 then
    lanes[#lanes + 1] = { row[1], redis.call('LRANGE', row[1], 0, -1) }
  elseif string.find(row[1], group_base .. ':last_settle:', 1, true) == 1 then
    settles[#settles + 1] = { row[1], redis.call('GET', row[1]) }
  elseif string.find(row[1], group_base .. ':later:key:', 1, true) == 1 then
    ended[#ended + 1] = { row[1], redis.call('GET', row[1]) }
  elseif string.find(row[1], group_base .. ':limit:', 1, true) == 1 and redis.call('TYPE', row[1]).ok == 'zset' then
    permits[#permits + 1] = { row[1], redis.call('ZRANGE', row[1], 0, -1, 'WITHSCORES') }
  end
end

local pending = last_delivered == '' and {} or redis.call('XPENDING', events, group, '-', '+', 100)
return {
  cmsgpack.pack(packed), names, entries_of(events), last_delivered, pending,
  redis.call('ZRANGE', due, 0, -1, 'WITHSCORES'), redis.call('ZRANGE', isolated, 0, -1), lanes,
  redis.call('HGETALL', attempts_key), redis.call('HGETALL', clock), redis.call('GET', group_base .. ':pause') or '',
  redis.call('HGETALL', group_base .. ':last_take'), settles, entries_of(group_base .. ':dead'), outcomes,
  redis.call('ZRANGE', group_base .. ':later', 0, -1, 'WITHSCORES'), redis.call('HGETALL', group_base .. ':later:entries'),
  redis.call('HGETALL', group_base .. ':later:subjects'), ended, permits,
}
