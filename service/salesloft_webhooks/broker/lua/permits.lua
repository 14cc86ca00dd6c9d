#!lua flags=allow-oom
-- Gives a loop of a worker permits to begin attempts, within the limits of its group, and takes back what it does not need.
--
-- KEYS  1 the stream of partition 0
-- ARGV  1 group   2 claimant: consumer and partition   3 the number of this call among the claimant's   4 lease, ms
--       5 attempts that it runs now   6 permits wanted   7 permits of before that nothing was begun with, by the number of the
--       grant that gave them: '<number>:<permits> ...'
--       8 what limits the group, as the caller knows it: what is newer counts, here or there
-- Result: { permits, ms until it should ask again, what holds it up: 'running' | 'rate' | '', the limits as the clock has them,
--         the number of the grant; 0: no rate was asked }
--
-- Invariants kept
--   The counts of all claimants whose end has not come are no more than the limit, but for what ran before the limit was
--   set or lowered, and what a claimant says that it runs all the same (it was cut off for longer than a lease).
--   Each claimant states what it runs, so a lost call or reply leaves nothing wrong behind its next one; a call that comes
--   late, behind a newer one of its claimant, does nothing.
--   In any span of time no more permits are given than the burst and what the rate brings in it; given back are only
--   permits that were never used, and no more of them than what the bucket would have by now if it had not given them. It is
--   never fuller than its burst, however the clock leaps or the rate is changed.
--   Nobody starves: who has waited for TURN_MS comes before those that have not waited so long and whose turn, which lasts as
--   long, is over. Turns and not single permits: each change costs the time until the next one asks.
--   What a call costs does not grow with the number of claimants.
--@include partition
--@include group
--@include limits
--@include permits
--@include rate_bucket
local TURN_MS, PATIENCE_MS, EXAMINED = 1000, 2000, 32
local RENEWALS_PER_LEASE = 3 -- worker/lease_renewal.py
-- Whoever was given several permits has asked for as many as it has slots: what it finds nothing for is back so soon.
-- So is a single one where some of that kind have come back lately: an event is refused by the limit of its handler
-- (handler_permits.lua), and others would have waited for the next one by the rate.
local IN_HAND_MS, LATELY_MS = 100, 60000
local ASKS_AGAIN_MS = 5000 -- at the latest (worker/limited_takes.py)
-- The first of those that wait for an attempt to end, or for permits in somebody's hand, asks again so soon, and each behind it so much later: who is next is
-- quick, and many are not many calls. A permit is kept for who has waited, for a little longer than until it should ask.
local STEP_MS, LONGEST_MS, LATE_MS = 20, 500, 100
local claimant, number, lease = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local running, wanted, unused = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local reporting_until, text = note_call(lease)
text = limits.adopt(text, ARGV[8] or '')
local most, interval, burst = limits.read(text)

local mine = permits.read(claimant)
if number <= mine.number then
  return { 0, 0, '', text, 0 }
end
-- After an outage the living are waited for: a loop that asks for nothing is heard of with the next renewal only.
if now >= reporting_until + lease / RENEWALS_PER_LEASE then
  permits.end_lapsed()
  mine = permits.read(claimant)
end
local before, since = mine.count, mine.patient > now and mine.since or 0

-- How many have waited so long that they come first. Of very many the first: it is not their turn for long.
local function count_ahead()
  local latest, found = math.min(now - TURN_MS, since > 0 and since - 1 or math.huge), 0
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', permits.waiting, '-inf', ms(latest), 'LIMIT', 0, EXAMINED)) do
    local claim = permits.read(name)
    if claim.patient <= now then
      redis.call('ZREM', permits.waiting, name)
    elseif name ~= claimant and claim.kept_until > now then
      found = found + 1
    end
  end
  return found
end

-- How many the limits leave to everybody, and the ms until the bucket has one for this claimant.
local free, wait, held_up = math.huge, -1, ''
local bucket = interval and rate_bucket.read(interval, burst)
local in_turn = now - mine.turn < TURN_MS
local ahead = wanted > 0 and not in_turn and count_ahead() or 0
if most then
  free = most - (tonumber(redis.call('HGET', permits.claims, permits.total) or 0) - before) - running
  held_up = free <= ahead and 'running' or ''
end
if bucket then
  rate_bucket.take_back(bucket, unused)
  local tokens = rate_bucket.tokens(bucket)
  free = math.min(free, tokens)
  if tokens <= ahead then
    held_up = 'rate'
    if now - bucket.several_at > IN_HAND_MS then
      wait = math.max(1, math.ceil(bucket.full_at - (burst - ahead - 1) * interval - now))
    end
  end
end
local granted = (most or interval) and math.max(0, math.min(wanted, free - ahead)) or wanted
local waits = wanted > 0 and granted == 0
if bucket then
  if granted > 0 then
    rate_bucket.give(bucket, granted)
    local may_come_back = interval > IN_HAND_MS and now - bucket.came_back_at < LATELY_MS
    bucket.several_at = (granted > 1 or may_come_back) and now or bucket.several_at
  end
  rate_bucket.write(bucket)
end
mine.number, mine.count = number, running + granted
if waits then
  mine.since = since > 0 and since or now
  if wait < 0 then
    wait = math.min(LONGEST_MS, STEP_MS * (1 + redis.call('ZCOUNT', permits.waiting, '-inf', ms(mine.since - 1))))
  end
  local next_call = now + math.min(wait, ASKS_AGAIN_MS)
  mine.patient, mine.kept_until = next_call + PATIENCE_MS, next_call + LATE_MS
elseif wanted > 0 then
  mine.since, mine.patient, mine.kept_until = 0, 0, 0
  mine.turn = in_turn and mine.turn or now
end
-- Also when nothing is left of it: a copy of an earlier call may be under way, which would give back once more.
permits.write(claimant, mine, before, now + lease)
return { granted, waits and wait or 0, waits and held_up or '', text, bucket and granted > 0 and bucket.latest or 0 }
