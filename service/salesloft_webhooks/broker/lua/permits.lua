#!lua flags=allow-oom
-- Gives a loop of a worker permits to begin attempts, within the limits of its group, and takes back what it does not need.
--
-- KEYS  1 the stream of partition 0
-- ARGV  1 group   2 claimant: consumer and partition   3 the number of this call among the claimant's   4 lease, ms
--       5 attempts that it runs now   6 permits wanted   7 permits of before that nothing was begun with
-- Result: { permits, ms to wait (-1: nobody knows), what holds it up: 'running' | 'rate' | '', the limits as the clock has them }
--
-- `permits` is a hash. By claimant: '<number> <count> <end> <since> <until>': how many attempts it may have begun and not
-- ended, until when that holds without another word of it (as a lease does), since when it waits for a permit (0: it does
-- not), and until when that is believed. Under '' the bucket: when it will be full again, ms of the group's clock.
--
-- Invariants kept
--   The counts of all claimants whose end has not come are no more than the limit, but for what ran before the limit was
--   set or lowered, and what a claimant says that it runs all the same (it was cut off for longer than a lease).
--   Each claimant states what it runs, so a lost call or reply leaves nothing wrong behind its next one; a call that comes
--   late, behind a newer one of its claimant, does nothing.
--   In any span of time no more permits are given than the burst and what the rate brings in it; given back are only
--   permits that were never used. A bucket is never fuller than its burst, however the clock leaps or the rate is changed.
--   Nobody starves: who has waited for FAIR_MS comes before those that have not waited so long, while it asks again in time.
--@include partition
--@include group
--@include limits
local FAIR_MS, PATIENCE_MS, BUCKET = 1000, 2000, ''
local claimant, number, lease = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local running, wanted, unused = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local permits = group_base .. ':limits:permits'
local reporting_until, text = note_call(lease)
local most, interval, burst = limits.read(text)

local function claim_in(words)
  local its_number, count, ends, since, patient = string.match(words or '', '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
  return { number = tonumber(its_number or 0), count = tonumber(count or 0), ends = tonumber(ends or 0),
    since = tonumber(since or 0), patient = tonumber(patient or 0) }
end

local others, ahead, full_at, claims = 0, 0, now, {}
local known = redis.call('HGETALL', permits)
for at = 1, #known, 2 do
  if known[at] == BUCKET then
    full_at = tonumber(known[at + 1]) or now
  else
    claims[known[at]] = claim_in(known[at + 1])
  end
end
local mine = claims[claimant] or claim_in()
if number <= mine.number then
  return { 0, 0, '', text }
end
local since = mine.patient > now and mine.since or 0

local function comes_before(claim)
  return claim.since > 0 and claim.patient > now and now - claim.since >= FAIR_MS and (since == 0 or claim.since < since)
end

for name, claim in pairs(claims) do
  if claim.ends <= now and now >= reporting_until then
    redis.call('HDEL', permits, name)
  elseif name ~= claimant then
    others = others + claim.count
    ahead = ahead + (comes_before(claim) and 1 or 0)
  end
end

-- How many the limits leave to everybody, and the ms until the bucket has one for this claimant.
local free, wait, held_up = wanted, -1, ''
if most then
  free = most - others - running
  held_up = free <= ahead and 'running' or ''
end
if interval then
  full_at = math.max(now, math.min(full_at - unused * interval, now + burst * interval))
  local tokens = math.floor(burst - (full_at - now) / interval + 0.000001)
  free = math.min(free, tokens)
  if tokens <= ahead then
    held_up, wait = 'rate', math.max(1, math.ceil(full_at - (burst - ahead - 1) * interval - now))
  end
end
local granted = (most or interval) and math.max(0, math.min(wanted, free - ahead)) or wanted
local waits = wanted > 0 and granted == 0
if interval then
  full_at = full_at + granted * interval
  redis.call('HSET', permits, BUCKET, string.format('%.3f', full_at))
end
if waits then
  mine.since, mine.patient = since > 0 and since or now, now + math.max(wait, 0) + PATIENCE_MS
elseif wanted > 0 then
  mine.since, mine.patient = 0, 0
end
-- Also when nothing is left of it: a copy of an earlier call may be under way, which would give back once more.
redis.call('HSET', permits, claimant, table.concat({ ms(number), ms(running + granted), ms(now + lease), ms(mine.since),
  ms(mine.patient) }, ' '))
redis.call('PEXPIRE', permits, ms(math.max(2 * lease, full_at - now)))
return { granted, waits and wait or 0, waits and held_up or '', text }
