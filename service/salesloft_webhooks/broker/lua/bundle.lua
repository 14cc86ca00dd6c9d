-- Lets events that wait for the same message go into it together, each into one message only.
--
-- KEYS  1 the partition's stream   2 who waits: zset of event ids by server us   3 the open bundles: hash
--       4 who was reported: zset of event ids by server ms
-- ARGV  1 join | close   2 time to keep, ms
--   join:   3 event id   4 due at, server ms; 0: when `5` ms have gone by since the latest bundle   5 that time
--           6 events of a bundle at most   7 ms after which somebody else may go on with an open bundle
--   close:  3 bundle
-- Result: { reported | wait | lead, ms to wait, bundle, event ids of the bundle in the order of their coming }
--
-- The hash holds `at`, when the latest bundle was begun, `now`, the one that is being sent, and of each open one `of:EVENT` = bundle, `ids:BUNDLE` = its
-- events (a cjson list), `lead:BUNDLE` = the event that sends it, `since:BUNDLE`.
--
-- Whoever finds a bundle that another event leads asks again after a while: mostly it has been sent by then.
--
-- Invariants kept: an event is waiting, or in one open bundle, or reported, never in two of these; who leads a bundle is one
-- event at a time, and a bundle keeps its events and its name whoever leads it; while one is being sent no other is
-- begun, so a death leaves one message in doubt; all keys have an end.
--@include partition
local waiting, open, reported = KEYS[2], KEYS[3], KEYS[4]
local verb, keep = ARGV[1], tonumber(ARGV[2])

local function kept()
  for at = 2, 4 do
    redis.call('PEXPIRE', KEYS[at], ms(keep))
  end
end

-- Ms until the leader of that bundle has had its time, or nothing.
local function time_left(bundle, patience)
  local since = tonumber(redis.call('HGET', open, 'since:' .. bundle) or '0')
  if since + patience > now then
    return since + patience - now, now - since
  end
end

-- How long to leave others alone: a second, and half of what it has taken so far.
local function wait_for(left, taken, bundle)
  return { 'wait', ms(math.min(left, 60000, 1000 + taken / 2)), bundle, {} }
end

if verb == 'close' then
  local bundle = ARGV[3]
  local ids = redis.call('HGET', open, 'ids:' .. bundle)
  if ids then
    for _, id in ipairs(cjson.decode(ids)) do
      redis.call('ZADD', reported, ms(now), id)
      redis.call('HDEL', open, 'of:' .. id)
    end
    redis.call('HDEL', open, 'ids:' .. bundle, 'lead:' .. bundle, 'since:' .. bundle)
    if redis.call('HGET', open, 'now') == bundle then
      redis.call('HDEL', open, 'now')
    end
  end
  redis.call('ZREMRANGEBYSCORE', reported, '-inf', ms(now - keep))
  kept()
  return { 'reported', '0', bundle, {} }
end

local event, due, gap = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local most, patience = tonumber(ARGV[6]), tonumber(ARGV[7])

if redis.call('ZSCORE', reported, event) then
  return { 'reported', '0', '', {} }
end

local bundle = redis.call('HGET', open, 'of:' .. event)
if bundle then
  local known = redis.call('HMGET', open, 'lead:' .. bundle, 'ids:' .. bundle)
  local left, taken = time_left(bundle, patience)
  if known[1] ~= event and left then
    return wait_for(left, taken, bundle)
  end
  redis.call('HSET', open, 'lead:' .. bundle, event, 'since:' .. bundle, ms(now))
  kept()
  return { 'lead', '0', bundle, cjson.decode(known[2]) }
end

redis.call('ZADD', waiting, 'NX', ms(time[1] * 1000000 + time[2]), event)
kept()
local ready = due > 0 and due or (tonumber(redis.call('HGET', open, 'at') or '0') + gap)
if now < ready then
  return { 'wait', ms(ready - now), '', {} }
end

local under_way = redis.call('HGET', open, 'now')
if under_way then
  local left, taken = time_left(under_way, patience)
  if left then
    return wait_for(left, taken, '')
  end
end

local ids = redis.call('ZRANGE', waiting, 0, most - 1)
local among = false
for _, id in ipairs(ids) do
  among = among or id == event
end
if not among then
  ids[#ids] = event
end
bundle = event .. '@' .. ms(now)
for _, id in ipairs(ids) do
  redis.call('ZREM', waiting, id)
  redis.call('HSET', open, 'of:' .. id, bundle)
end
redis.call('HSET', open, 'at', ms(now), 'now', bundle, 'ids:' .. bundle, cjson.encode(ids), 'lead:' .. bundle, event, 'since:' .. bundle, ms(now))
kept()
return { 'lead', '0', bundle, ids }
