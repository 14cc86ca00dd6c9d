#!lua
-- Decides where events of an archive are given, as reserve.lua decides where deliveries are stored: so whoever publishes
-- such an event later, with whatever entity, finds it there.
--
-- KEYS  1 the stream of the partition whose slot the reservations share; the stream itself is not touched
-- ARGV  1 idempotency TTL, s   2 the number of partitions the caller works with
--       then three per event: id, the reservation it wants, 'renew' | 'make' (an existing one keeps its end) | 'look'
--       (none is made)
-- Result: per event its reservation, '' when there is none | 'refused ' and the error; 'moved' for each when another number
--       of partitions is in force: nothing was written
--
-- Invariants kept
--   Who publishes an id and who gives it from an archive are sent to one partition, whoever comes first.
--   No level is raised, and what levels say goes on: an id that comes with one gets no reservation that would outlive its
--   record, nor one at all when the level was reached, for then deliveries of it are to stay 'below'.
-- No allow-oom flag: a full server must keep what it has for deliveries.
local FIELDS = 3
--@include partition
--@include watermark
--@include reservations
--@include layout
local ttl = ARGV[1]

local function reserve(at)
  local key, wanted, way = reservation_of(ARGV[at]), ARGV[at + 1], ARGV[at + 2]
  local reserved = reservation_at(key, wanted)
  if way == 'renew' or (way == 'make' and not reserved) then
    redis.call('SET', key, reserved or wanted, 'EX', ttl)
    return reserved or wanted
  end
  return reserved or ''
end

local results = moved(ARGV[2], (#ARGV - 2) / FIELDS)
if results then
  return results
end
results = {}
for at = 3, #ARGV, FIELDS do
  results[#results + 1] = guarded(reserve, at)
end
return results
