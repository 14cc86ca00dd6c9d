#!lua flags=allow-oom
-- Gives events permits for calls of limited handlers, and takes back those of calls that have ended.
--
-- KEYS  1 the stream of partition 0
-- ARGV  1 group   2 lease, ms   3 how many permits come back
--       then five for each of them: digest, permit, handler, limits as its author wrote them, ms that it was held (less
--       than 0: nothing was begun with it, and it was given -1 - so many ms ago)
--       then for each event that asks: its name among those that wait, the name of its permit, the number of handlers, and
--       three for each of these: handler, limits as its author wrote them, digest
-- Result: for each event that asks, { ms until it should ask again (-1: it has the permit), what it waits for: 'running' |
--         'rate' | '', number of the handler of which that is, from 1 }
--
-- Invariants kept
--   An event has a permit for all of its handlers, or for none.
--   Permits in use that have not ended are no more than the limit, but for what ran before that was set or lowered, and what
--   a worker says that it runs all the same (keep_handler_permits.lua).
--   In any span of time no more permits are given than the burst and what the rate brings in it; given back are only those
--   that nothing was begun with, and of them no more than what cannot have been refilled since. A bucket is never fuller than its burst, however the clock leaps or the rate is changed.
--   Whoever asks anew leaves a place to each that waits and is expected by now; whoever waits, to those expected before it.
--   An event of several limited handlers that has waited for AGED_MS keeps a place at each of them, from one ask to the next,
--   while its wait is short; but for those that have waited longer. So the one that has waited longest of them has its turn.
--   An event waits at the one handler that refuses it for longest, and holds up nobody at the others, but for such a place.
--   Who does not come within PATIENCE is forgotten, so nobody waits for the dead.
--   What a call costs does not grow with the number of keys, of permits in use, or of events that wait.
--   Each key that is written here ends by itself, but the hash of what is said of handlers.
--@include partition
--@include group
--@include limits
--@include handler_permits
local SLOWEST, SOON_MS, EACH_MS = 4, 1000, 6
local AGED_MS, KEEPS_TURNS_MS = 10000, 1000
local RENEWALS_PER_LEASE = 3 -- worker/lease_renewal.py
local lease, returned = tonumber(ARGV[2]), tonumber(ARGV[3])
-- After an outage the living are waited for: of a permit in use nobody hears before the next renewal.
local reporting_until = note_call(lease) + lease / RENEWALS_PER_LEASE
local at = 4
for _ = 1, returned do
  handler_permits.take_back(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], tonumber(ARGV[at + 4]))
  at = at + 5
end

-- Who waits: how many, of an event that waits those before it; a function of how many of them are expected by a time; and
-- whether the event has waited.
local function look_at_waiting(key, event)
  local waiting = key .. ':waiting'
  if redis.call('EXISTS', waiting) == 0 then
    return 0, function() return 0 end
  end
  redis.call('ZREMRANGEBYSCORE', waiting, '-inf', ms(now - handler_permits.patience_ms))
  local mine = redis.call('ZSCORE', waiting, event)
  if mine then
    local before = redis.call('ZCOUNT', waiting, '-inf', '(' .. mine)
    return before, function() return before end, true
  end
  return redis.call('ZCARD', waiting), function(time) return redis.call('ZCOUNT', waiting, '-inf', ms(time)) end
end

-- Who has waited as long as it should have and finds no permit came too soon: it takes longer until the next one begins than
-- calls take, by all that is done in between. So two or three ask for each that begins, and not ever more.
local function learn(handler, slow, too_soon)
  slow = too_soon and math.min(slow * 1.02, SLOWEST) or math.max(slow * 0.95, 1)
  redis.call('HSET', handler_permits.said, 'slow ' .. handler, string.format('%.3f', slow))
end

local function since_key(event)
  return handler_permits.key(event) .. ':since'
end

-- Whether an event that waits since then is the first at its handlers; each of them gets the places that others keep there.
local function look_at_turns(wants, event, since)
  local first = #wants > 1 and now - since >= AGED_MS
  for _, want in ipairs(wants) do
    local kept_since, by = string.match(redis.call('GET', want.key .. ':turn') or '', '^(%d+) (.+)$')
    kept_since = tonumber(kept_since)
    want.keeps = by == event
    local older = by and not want.keeps and (kept_since < since or kept_since == since and by < event)
    want.others = older and 1 or 0
    first = first and not older
  end
  return first
end

-- What one handler says to an event: 0 when it may begin, else how many ms it should wait, and for what.
local function look_at(want, event, first)
  local running, full_at = handler_permits.look(want.key, reporting_until)
  local most, interval, burst, pace, slow = handler_permits.read(want.handler, want.written)
  local before, expected_by, came = look_at_waiting(want.key, event)
  local function ahead_at(time)
    return first and 0 or expected_by(time) + want.others
  end
  before = first and 0 or before + want.others
  local wait, cause = 0, ''
  if most then
    -- So much later than the one before it is each that waits expected: as often as permits come back.
    local step = (pace or handler_permits.usual_ms) / most * slow
    step = math.min(math.max(step, handler_permits.shortest_step_ms), handler_permits.longest_step_ms)
    if most - running <= ahead_at(now + step) then
      -- Few that wait look again soon, in case that permits come back sooner than expected; many are not many calls.
      wait, cause = math.min(step * (before + 1), SOON_MS + EACH_MS * before), 'running'
    end
    if came and not first and want.others == 0 then
      learn(want.handler, slow, wait > 0)
    end
  end
  if interval then
    want.interval, want.full_at = interval, math.min(full_at, now + burst * interval)
    local until_one = want.full_at + interval - now - burst * interval
    if until_one + interval * ahead_at(now) > 0 then
      local rate_wait = math.max(1, until_one + interval * before)
      if rate_wait > wait then
        wait, cause = rate_wait, 'rate'
      end
    end
  end
  return math.min(math.ceil(wait), handler_permits.longest_ms), cause
end

local function give(wants, event, permit, waited)
  for _, want in ipairs(wants) do
    if want.interval then
      handler_permits.fill_until(want.key, want.full_at + want.interval)
    end
    handler_permits.keep(want.key, permit, lease)
    redis.call('ZREM', want.key .. ':waiting', event)
    if want.keeps then
      redis.call('DEL', want.key .. ':turn')
    end
  end
  if waited then
    redis.call('DEL', since_key(event))
  end
end

-- The event waits: with a place at each handler, or among those that the one waits for which refuses it.
local function wait_for(wants, refusing, wait, event, since, keeps_turns)
  redis.call('SET', since_key(event), ms(since), 'PX', handler_permits.waiting_ms)
  for number, want in ipairs(wants) do
    local turn, waiting = want.key .. ':turn', want.key .. ':waiting'
    if keeps_turns then
      redis.call('SET', turn, ms(since) .. ' ' .. event, 'PX', ms(wait + handler_permits.patience_ms))
    elseif want.keeps then
      redis.call('DEL', turn)
    end
    if number == refusing and not keeps_turns then
      redis.call('ZADD', waiting, ms(now + wait), event)
      redis.call('PEXPIRE', waiting, handler_permits.waiting_ms)
    else
      redis.call('ZREM', waiting, event)
    end
  end
end

local function answer(event, permit, wants)
  local longest, cause, of = 0, '', 0
  local waits_since = tonumber(redis.call('GET', since_key(event)) or '')
  local since = waits_since or now
  local first = look_at_turns(wants, event, since)
  for number, want in ipairs(wants) do
    local wait, why = look_at(want, event, first)
    if wait > longest then
      longest, cause, of = wait, why, number
    end
  end
  if longest == 0 then
    give(wants, event, permit, waits_since)
    return { -1, '', 0 }
  end
  wait_for(wants, of, longest, event, since, first and longest <= KEEPS_TURNS_MS)
  return { longest, cause, of }
end

local answers = {}
while at <= #ARGV do
  local event, permit, handlers, wants = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), {}
  at = at + 3
  for number = 1, handlers do
    wants[number] = { handler = ARGV[at], written = ARGV[at + 1], key = handler_permits.key(ARGV[at + 2]) }
    at = at + 3
  end
  answers[#answers + 1] = answer(event, permit, wants)
end
return answers
