#!lua
-- Decides which partition knows each of a batch of events: the first who asks decides, for everybody.
--
-- KEYS  1 the stream of the partition whose slot the reservations share; the stream itself is not touched
-- ARGV  1 idempotency TTL, s   2 watermark TTL, s
--       then five per event: id, the partition it is wanted in, watermark subject, watermark name, level (0: none)
-- Result: per event the number of its partition | 'below' (its watermark was reached before) | 'refused ' and the error
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
local FIELDS = 5
--@include partition
--@include watermark
local idempotency_ttl, watermark_ttl = ARGV[1], ARGV[2]

local function reserve(at)
  local key, wanted = base .. 'reserved:' .. ARGV[at], ARGV[at + 1]
  local subject, name, level = ARGV[at + 2], ARGV[at + 3], tonumber(ARGV[at + 4])
  local seen = level > 0 and seen_level(subject, name, watermark_ttl) or 0
  local partition_of_record = redis.call('GET', key)
  if level > 0 and (level < seen or (level == seen and not partition_of_record)) then
    return 'below'
  elseif partition_of_record and level > 0 then
    redis.call('SET', key, partition_of_record, 'KEEPTTL')
  else
    redis.call('SET', key, partition_of_record or wanted, 'EX', idempotency_ttl)
  end
  if level > seen then
    raise_level(subject, name, level, watermark_ttl)
  end
  return partition_of_record or wanted
end

local results = {}
for at = 3, #ARGV, FIELDS do
  results[#results + 1] = guarded(reserve, at)
end
return results
