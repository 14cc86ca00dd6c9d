#!lua flags=no-writes
-- Measures one partition: one consistent picture in one round trip, at a cost that does not grow with the backlog.
--
-- KEYS  1 the partition's stream
-- ARGV  1 ms of silence after which a consumer that holds nothing counts as gone
--       2.. group names, so that those without a consumer group here (removed, with dead letters kept) are seen, too
-- Result: { now ms, entries, quarantined, memory used, memory limit (0: none), groups,
--         bytes of the stream (an estimate), ms of its oldest entry (0: none), entries ever added to it }
--   groups: { name, lag (-1: the server cannot tell), last delivered id, pending, pending that nobody runs, parked,
--             without a handler, due now, dead, oldest unfinished entry's ms (-1: none), consumers,
--             pause kind and reason ('': none), pause ms left (-1: without end),
--             why the retry that comes next is needed ('': none), follow-ups that wait, those of them that are due, and ms until
--             the first of them is (less than 0: overdue; '': none waits), what limits it as its clock has it ('': nothing) }
--@include partition
--@include memory_limits
local LOOKED_AT = 20 -- entries that wait for a time; leases are among them

local function ms_of(id)
  return tonumber(string.match(id, '^%d+'))
end

-- Pending entries that nobody runs, and the number of consumers that hold something or sent a heartbeat.
local function consumers_of(name, group_base, at)
  local unrun, alive, there = 0, 0, {}
  for _, consumer in ipairs(redis.call('ZRANGEBYSCORE', group_base .. ':seen', '(' .. ms(at - ARGV[1]), '+inf')) do
    there[consumer] = true
  end
  for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', events, name)) do
    local consumer = fields_of(flat)
    if consumer.name == NOBODY then
      unrun = consumer.pending
    elseif consumer.pending > 0 then
      there[consumer.name] = true
    end
  end
  for _ in pairs(there) do
    alive = alive + 1
  end
  return unrun, alive
end

local function oldest_of(name, last)
  local pending = redis.call('XPENDING', events, name)
  local unread = redis.call('XRANGE', events, '(' .. last, '+', 'COUNT', 1)[1]
  local first = pending[1] > 0 and ms_of(pending[2]) or math.huge
  first = math.min(first, unread and ms_of(unread[1]) or math.huge)
  return first == math.huge and -1 or first
end

-- What went wrong with the entry whose retry comes next, to say why there are retries at all.
local function next_retry_error_of(group_base, at)
  local members = redis.call('ZRANGEBYSCORE', group_base .. ':due', ms(at), '(' .. ms(UNHANDLED), 'LIMIT', 0, LOOKED_AT)
  for _, each in ipairs(members) do
    local message = redis.call('HGET', group_base .. ':attempts', string.match(each, '^%S+') .. ':error')
    if message then
      return message
    end
  end
  return ''
end

local function ms_until_first_of(zset, at)
  local first = redis.call('ZRANGE', zset, 0, 0, 'WITHSCORES')
  return first[2] and first[2] - at or ''
end

local function measure(name, info)
  local group_base = base .. 'g:' .. name
  local clock = redis.call('HMGET', group_base .. ':clock', 'offset', 'limits')
  local at = now + tonumber(clock[1] or 0)
  local lag, last, pending, unrun, oldest, consumers = 0, '0-0', 0, 0, -1, 0
  if info then
    lag, last, pending = info.lag or -1, info['last-delivered-id'], info.pending
    unrun, consumers = consumers_of(name, group_base, at)
    oldest = oldest_of(name, last)
  end
  return { name, lag, last, pending, unrun, redis.call('ZCOUNT', group_base .. ':due', ms(PARKED), ms(PARKED)),
    redis.call('ZCOUNT', group_base .. ':due', ms(UNHANDLED), ms(UNHANDLED)),
    redis.call('ZCOUNT', group_base .. ':due', '-inf', ms(at)) + redis.call('ZCARD', group_base .. ':isolated'),
    redis.call('XLEN', group_base .. ':dead'), oldest, consumers,
    redis.call('GET', group_base .. ':pause') or '', redis.call('PTTL', group_base .. ':pause'), next_retry_error_of(group_base, at),
    redis.call('ZCARD', group_base .. ':later'), redis.call('ZCOUNT', group_base .. ':later', '-inf', ms(at)),
    ms_until_first_of(group_base .. ':later', at), clock[2] or '' }
end

local function added()
  local info = redis.pcall('XINFO', 'STREAM', events)
  return info.err and 0 or fields_of(info)['entries-added']
end

local rows, seen = {}, {}
local groups = redis.pcall('XINFO', 'GROUPS', events)
for _, flat in ipairs(groups.err and {} or groups) do
  local info = fields_of(flat)
  seen[info.name] = true
  rows[#rows + 1] = measure(info.name, info)
end
for at = 2, #ARGV do
  if not seen[ARGV[at]] then
    rows[#rows + 1] = measure(ARGV[at], nil)
  end
end

local memory = redis.call('INFO', 'memory')
local first = redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1]
return { now, redis.call('XLEN', events), redis.call('XLEN', base .. 'quarantine'),
  tonumber(string.match(memory, 'used_memory:(%d+)')), tonumber(string.match(memory, 'maxmemory:(%d+)')), rows,
  stream_bytes(), first and ms_of(first[1]) or 0, added() }
