-- Shared by the scripts of a consumer group; ARGV[1] is the group's name.
local group = ARGV[1]
local mine = base .. 'g:' .. group
local due = mine .. ':due'

local function lane_of(entity_key)
  return mine .. ':lane:' .. entity_key
end

-- How an entry stands in `due`: with its lane, so that whoever takes it knows the lane without reading the entry.
local function member_of(id, lane)
  return lane == '' and id or id .. ' ' .. lane
end

local function split_member(member)
  local space = string.find(member, ' ', 1, true)
  if not space then
    return member, ''
  end
  return string.sub(member, 1, space - 1), string.sub(member, space + 1)
end

-- The consumer that owns a pending entry and its delivery count; nil when it is not pending.
local function owner_of(id)
  local pending = redis.pcall('XPENDING', events, group, id, id, 1)
  if pending[1] then
    return pending[1][2], pending[1][4]
  end
end

-- Takes an entry out of the group for good. When it was its lane's head, the next one is due now.
local function finish(id, lane)
  redis.call('XACK', events, group, id)
  redis.call('ZREM', due, member_of(id, lane))
  if lane == '' then
    return
  end
  local line = lane_of(lane)
  if redis.call('LINDEX', line, 0) ~= id then
    redis.call('LREM', line, 1, id)
    return
  end
  redis.call('LPOP', line)
  local next_id = redis.call('LINDEX', line, 0)
  if next_id then
    redis.call('ZADD', due, ms(now), member_of(next_id, lane))
  end
end

-- Writes down what became of an event; the record lives at least `ttl` seconds more if it had vanished meanwhile.
-- `id` is its entry; nil when this store does not have it.
local function record(event_id, outcome, ttl, id)
  if id then
    redis.call('HSETNX', record_of(event_id), 'entry', id)
  end
  redis.call('HSET', record_of(event_id), group, outcome)
  redis.call('EXPIRE', record_of(event_id), ttl, 'NX')
end

-- Copies an entry to the dead letters, whole, with why and when; returns its fields (nil when it was deleted by hand).
local function bury(id, reason, message, attempts, consumer)
  local entry = redis.call('XRANGE', events, id, id)[1]
  if not entry then
    return nil
  end
  local flat = entry[2]
  for _, word in ipairs({ 'entry', id, 'reason', reason, 'error', message, 'attempts', attempts, 'died', ms(now),
    'consumer', consumer }) do
    flat[#flat + 1] = word
  end
  redis.call('XADD', mine .. ':dead', '*', unpack(flat))
  return fields_of(flat)
end
