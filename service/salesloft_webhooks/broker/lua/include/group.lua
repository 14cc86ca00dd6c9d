-- Shared by the scripts of a consumer group; ARGV[1] is the group's name.
local group = ARGV[1]
local group_base = base .. 'g:' .. group
local due = group_base .. ':due'
local isolated = group_base .. ':isolated'
local attempts_key = group_base .. ':attempts'

-- The group's clock: the server's plus what was lost when that was set back, so that a due time is never further away
-- than it was meant to be. `wall` is the server's own, for times that people read. With it stand when a lease was last LOST
-- and what limits the group (include/limits.lua).
local clock, LOST = group_base .. ':clock', 'lost'
local STEP_BACK_MS, SILENCE_MS, REPORTING_MS, NOTED_EVERY_MS = 1000, 1000, 5000, 100
local wall = now
now = now + tonumber(redis.call('HGET', clock, 'offset') or 0)

-- The server's clock was set back: the group's goes on, and so does the end of a circuit breaker's pause.
local function make_up_for_step_back(step)
  redis.call('HINCRBY', clock, 'offset', ms(step))
  now = now + step
  local pause = group_base .. ':pause'
  if string.match(redis.call('GET', pause) or '', '^%a+') == 'breaker' and redis.call('PTTL', pause) > 0 then
    redis.call('PEXPIRE', pause, ms(math.max(1, redis.call('PTTL', pause) - step)))
  end
end

-- Writes down that somebody of the group has called. Returns the time until which lapsed leases are left to their
-- owners: when nobody had called for half a lease, the store was away, and the living must be able to report first.
-- Workers call more often than that, renewals included; should they not, the dead are still found half of the time.
-- Written ten times a second at the most: a tenth is little beside the least silence that means anything. Returns, besides,
-- what limits the group: it is read with the rest, for nothing.
local function note_call(lease)
  local known = redis.call('HMGET', clock, 'called', 'reporting_until', 'limits')
  local called, reporting_until = tonumber(known[1] or now - NOTED_EVERY_MS), tonumber(known[2] or 0)
  if called - now > STEP_BACK_MS then
    make_up_for_step_back(called - now)
  elseif now - called > math.max(lease / 2, SILENCE_MS) and now > reporting_until + REPORTING_MS then
    reporting_until = now + REPORTING_MS
    redis.call('HSET', clock, 'reporting_until', ms(reporting_until))
  end
  if math.abs(now - called) >= NOTED_EVERY_MS then
    redis.call('HSET', clock, 'called', ms(now))
  end
  return reporting_until, known[3] or ''
end

-- Which life of the consumer group this is: destroyed and made again, it counts attempts anew, so that owner and
-- attempt alone would let a lease of the earlier life settle one of this.
local function run_of_group()
  return redis.call('HGET', clock, 'run') or ''
end

local function begin_run()
  redis.call('HSET', clock, 'run', time[1] .. '.' .. time[2])
end

local function lane_of(entity_key)
  return group_base .. ':lane:' .. entity_key
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

-- After so many leases lost in a row an entry is isolated; sooner, where fewer make it poison.
local LOSSES_BEFORE_ISOLATION = 2

-- What is known of an entry's attempts besides their number (the delivery count): how many of them were no failures,
-- how many leases in a row were lost, and the attempt that lost the last one. An attempt that came back breaks the row
-- without anything being written.
local function losses_of(id)
  local uncounted, row, at = string.match(redis.call('HGET', attempts_key, id .. ':lost') or '', '^(%d+) (%d+) (%d+)$')
  return tonumber(uncounted or 0), tonumber(row or 0), tonumber(at or 0)
end

local function write_losses(id, uncounted, row, at)
  redis.call('HSET', attempts_key, id .. ':lost', ms(uncounted) .. ' ' .. ms(row) .. ' ' .. ms(at))
end

local function last_error_of(id)
  return redis.call('HGET', attempts_key, id .. ':error') or ''
end

-- Takes an entry out of its lane. When it was the head: returns the next one, if any, and whether more wait behind that.
local function leave_lane(id, lane)
  if lane == '' then
    return
  end
  local line = lane_of(lane)
  local first = redis.call('LRANGE', line, 0, 2)
  if first[1] ~= id then
    redis.call('LREM', line, 1, id)
    return
  end
  redis.call('LPOP', line)
  return first[2], first[3] ~= nil
end

-- Takes entries out of the group for good, except out of their lanes; `members` are the same ones as they stand in `due`.
local function acknowledge(ids, members)
  redis.call('XACK', events, group, unpack(ids))
  if redis.call('ZREM', due, unpack(members)) < #members then
    redis.call('ZREM', isolated, unpack(members))
  end
  if redis.call('EXISTS', attempts_key) == 1 then
    local known = {}
    for _, id in ipairs(ids) do
      known[#known + 1] = id .. ':lost'
      known[#known + 1] = id .. ':error'
    end
    redis.call('HDEL', attempts_key, unpack(known))
  end
end

-- Takes an entry out of the group for good. When it was the head of its lane, the next one is due now. What is no entry's
-- id has been put there by somebody else, and would stop every take: it only leaves.
local function finish(id, lane)
  if not string.find(id, '^%d+%-%d+$') then
    redis.call('ZREM', due, member_of(id, lane))
    redis.call('ZREM', isolated, member_of(id, lane))
    return
  end
  acknowledge({ id }, { member_of(id, lane) })
  local next_id = leave_lane(id, lane)
  if next_id then
    redis.call('ZADD', due, ms(now), member_of(next_id, lane))
  end
end
