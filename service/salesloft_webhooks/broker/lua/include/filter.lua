-- Which event types a group wants, and which of them this process can run. Needs: partition, group, patterns.
--
-- A version of the group is what one kind of its workers registered: 'wanted patterns', or 'wanted handled' with a blank
-- between where the handlers do not cover all that is wanted. `filters` is a zset of versions by last heartbeat, ms.
-- A version is in force until no worker of it has sent a heartbeat for the grace; then it is forgotten. The group
-- wants what any version in force wants: so an old and a new version side by side, an old pod that starts again after
-- the new version came, and a roll-back lose nothing. Only what no version in force wants is acknowledged unhandled.
--
-- Time during which no worker of the group was there does not count towards the grace: after an outage of the store, or
-- of all workers, the first to be back must not forget the versions of the others.
--
-- An entry that the group wants and this process cannot run is *unhandled*: it stays pending, is due at UNHANDLED, and
-- stands in `unhandled:<type>` (zset of members of `due` by the ms since when), whose types are the set `unhandled`.
-- The next take of a process that can run the type makes it due. A member that is not due at UNHANDLED is a leftover.
local VERSION_HEARTBEAT_MS, LONGEST_GAP_MS, TYPES_EXAMINED = 5000, 60000, 100
local filters, unhandled = group_base .. ':filters', group_base .. ':unhandled'

local function split_version(version)
  local blank = string.find(version, ' ', 1, true)
  if not blank then
    return version, version
  end
  return string.sub(version, 1, blank - 1), string.sub(version, blank + 1)
end

local function version_wants(version, event_type)
  return matches_one_of((split_version(version)), event_type)
end

local function version_runs(version, event_type)
  local wanted, handled = split_version(version)
  if is_task(event_type) then -- given to a group by itself: nobody has to want it
    return matches_one_of(handled, event_type)
  end
  return matches_one_of(wanted, event_type) and (handled == wanted or matches_one_of(handled, event_type))
end

-- A heartbeat of this process's version; forgets versions without one for `grace` ms.
local function keep_version_in_force(version, grace)
  local seen = tonumber(redis.call('ZSCORE', filters, version) or 0)
  if now - seen < VERSION_HEARTBEAT_MS then
    return
  end
  local newest = redis.call('ZRANGE', filters, -1, -1, 'WITHSCORES')[2]
  local absence = newest and now - tonumber(newest) or 0
  if absence > math.min(LONGEST_GAP_MS, grace / 2) then
    for _, each in ipairs(redis.call('ZRANGE', filters, 0, -1)) do
      redis.call('ZINCRBY', filters, ms(absence), each)
    end
  end
  redis.call('ZADD', filters, ms(now), version)
  redis.call('ZREMRANGEBYSCORE', filters, '-inf', '(' .. ms(now - grace))
end

-- Whether any version in force wants (or, with version_runs, can run) an event type.
local function any_version(judge, event_type)
  for _, version in ipairs(redis.call('ZRANGE', filters, 0, -1)) do
    if judge(version, event_type) then
      return true
    end
  end
  return false
end

-- Sets an entry aside until a process comes that can run its type; owner and attempts stay as they were.
local function leave_unhandled(id, lane, event_type, owner, attempts)
  local member = member_of(id, lane)
  redis.call('XCLAIM', events, group, owner, 0, id, 'RETRYCOUNT', attempts, 'JUSTID')
  redis.call('ZADD', due, ms(UNHANDLED), member)
  redis.call('ZADD', unhandled .. ':' .. event_type, ms(now), member)
  redis.call('SADD', unhandled, event_type)
end

-- Takes a member out of its type's queue; returns whether it was still waiting there.
local function leave_queue(event_type, member)
  redis.call('ZREM', unhandled .. ':' .. event_type, member)
  return tonumber(redis.call('ZSCORE', due, member) or 0) == UNHANDLED
end

-- Calls `each(event_type)` for every type that has a queue, and forgets those whose queue is empty after that. Of very
-- many types, which a sender may make up, some at random: the cost of a call is bounded, and each has its turn.
local function for_queues(each)
  for _, event_type in ipairs(redis.call('SRANDMEMBER', unhandled, TYPES_EXAMINED)) do
    each(event_type)
    if redis.call('EXISTS', unhandled .. ':' .. event_type) == 0 then
      redis.call('SREM', unhandled, event_type)
    end
  end
end

-- Makes up to `room` entries due that waited for a process like this one, the longest waiting first.
local function recall(version, room)
  for_queues(function(event_type)
    if room > 0 and version_runs(version, event_type) then
      local waiting = redis.call('ZRANGE', unhandled .. ':' .. event_type, 0, room - 1, 'WITHSCORES')
      for at = 1, #waiting, 2 do
        if leave_queue(event_type, waiting[at]) then
          redis.call('ZADD', due, waiting[at + 1], waiting[at])
          room = room - 1
        end
      end
    end
  end)
end

-- Deletes all queues: the group starts again, or is removed.
local function forget_queues()
  for _, event_type in ipairs(redis.call('SMEMBERS', unhandled)) do
    redis.call('DEL', unhandled .. ':' .. event_type)
  end
  redis.call('DEL', unhandled)
end

-- The consumer group has just been made: a new run of it, without leftovers of the one that may have been destroyed
-- before. What was handled is known from the idempotency records, which survive.
local function begin_anew()
  for _, set in ipairs({ due, isolated }) do
    for _, member in ipairs(redis.call('ZRANGE', set, 0, -1)) do
      local _, lane = split_member(member)
      if lane ~= '' then
        redis.call('DEL', lane_of(lane))
      end
    end
  end
  redis.call('DEL', due, isolated, attempts_key)
  forget_queues()
  begin_run()
end
