#!lua
-- Decides which partition knows each of a batch of events: the first who asks decides, for everybody.
--
-- KEYS  1 the stream of the partition whose slot the reservations share; the stream itself is not touched
-- ARGV  1 idempotency TTL, s   2 watermark TTL, s   3 the number of partitions the caller spreads events over
--       then six per event: id, the reservation it wants, watermark subject, watermark name, level (0: none),
--       the level reached before the number of partitions was raised, known from elsewhere (0: none)
-- Result: per event its reservation | 'below' (its watermark was reached before) | 'refused ' and the error;
--       'moved' for each when another number of partitions is in force: nothing was written
--
-- Invariants kept
--   All who publish an id are sent to one partition, whatever entity they found in it, as long as any record of it lives.
--   A level is raised together with the reservation of the id that raised it. Whoever comes with the same level finds
--   the reservation and is sent on, to store what the first may not have lived to store; there it is a duplicate
--   otherwise. So a reservation that comes with a level is not renewed: it must end before the record does, from when
--   on the level alone answers, with 'below'.
--   A watermark never falls, and lives for its TTL after it was seen last.
--   Every call writes, so that a WAIT or WAITAOF after it also covers a reservation made over another connection.
-- No allow-oom flag: a full server refuses the whole batch before anything is written.
local FIELDS = 6
--@include partition
--@include watermark
--@include reservations
--@include layout
local idempotency_ttl, watermark_ttl = ARGV[1], ARGV[2]

-- The highest level seen, here or before the raise; from now on it stands here.
local function level_before(subject, name, elsewhere)
  local seen = seen_level(subject, name, watermark_ttl)
  if elsewhere > seen then
    raise_level(subject, name, elsewhere, watermark_ttl)
  end
  return math.max(seen, elsewhere)
end

local function reserve(at)
  local key, wanted = reservation_of(ARGV[at]), ARGV[at + 1]
  local subject, name, level = ARGV[at + 2], ARGV[at + 3], tonumber(ARGV[at + 4])
  local seen = level > 0 and level_before(subject, name, tonumber(ARGV[at + 5])) or 0
  local reserved = reservation_at(key, wanted)
  if level > 0 and (level < seen or (level == seen and not reserved)) then
    return 'below'
  elseif reserved and level > 0 then
    redis.call('SET', key, reserved, 'KEEPTTL')
  else
    redis.call('SET', key, reserved or wanted, 'EX', idempotency_ttl)
  end
  if level > seen then
    raise_level(subject, name, level, watermark_ttl)
  end
  return reserved or wanted
end

local results = moved(ARGV[3], (#ARGV - 3) / FIELDS)
if results then
  return results
end
results = {}
for at = 4, #ARGV, FIELDS do
  results[#results + 1] = guarded(reserve, at)
end
return results
