#!lua flags=allow-oom
-- Ends attempts.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 consumer   3 idempotency TTL, s
--       then eight per outcome: entry id, lane, event id, attempt,
--       'done' | 'retry' | 'dead' | 'release', delay ms (retry, release), dead letter's reason, dead letter's error
-- Result: per outcome
--   'settled'  as asked
--   'late'     the lease was lost, another consumer runs it: a `done` is recorded and will count, nothing else happens
--   'lost'     the lease was lost, so the attempt may no longer retry, kill or release; nothing happened
--   'gone'     the group has finished the entry already; nothing happened
--
-- Invariants kept
--   Only the holder of a lease (consumer AND attempt number) may retry, kill or release.
--   A lane moves on only when its head is finished, and once: a late `done` while another consumer runs the same entry
--   is written down but leaves the lane to that consumer, so no two attempts of one lane ever start side by side.
--   What is done stays done: a later retry or dead of the same entry ends it instead.
--@include partition
--@include group
local FIELDS = 8
local consumer, ttl = ARGV[2], ARGV[3]

-- Back to nobody, to be looked at again after `delay`; the delivery count says how many attempts have counted.
local function put_back(id, lane, counted, delay)
  redis.call('XCLAIM', events, group, NOBODY, 0, id, 'RETRYCOUNT', counted, 'JUSTID')
  redis.call('ZADD', due, ms(now + delay), member_of(id, lane))
end

local function settle(id, lane, event_id, attempt, outcome, delay, reason, message)
  local owner, delivered = owner_of(id)
  if not owner then
    if outcome == 'done' and redis.call('HEXISTS', record_of(event_id), group) == 0 then
      -- The group was destroyed, and has not read the entry again yet; or the entry was lost with the server's data.
      -- In that case no entry is named: a repeated delivery must be stored, for the other groups.
      record(event_id, 'done', ttl, redis.call('XRANGE', events, id, id)[1] and id)
    end
    return 'gone'
  end
  local owned = owner == consumer and delivered == attempt
  if outcome == 'done' then
    record(event_id, 'done', ttl, id)
    if not owned and owner ~= NOBODY then
      return 'late'
    end
    finish(id, lane)
  elseif not owned then
    return 'lost'
  elseif redis.call('HGET', record_of(event_id), group) == 'done' then
    finish(id, lane)
  elseif outcome == 'dead' then
    bury(id, reason, message, attempt, consumer)
    record(event_id, 'dead', ttl, id)
    finish(id, lane)
  else
    put_back(id, lane, outcome == 'retry' and attempt or attempt - 1, delay)
  end
  return 'settled'
end

local results = {}
for at = 4, #ARGV, FIELDS do
  results[#results + 1] = settle(ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3]), ARGV[at + 4],
    tonumber(ARGV[at + 5]), ARGV[at + 6], ARGV[at + 7])
end
return results
