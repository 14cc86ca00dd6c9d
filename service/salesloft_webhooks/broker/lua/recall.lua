#!lua flags=no-writes
-- What a partition knows of events from the time before the number of partitions was raised.
--
-- KEYS  1 the partition's stream
-- ARGV  1 to 3 as publish.lua's, not used
--       then three per event: id, watermark subject, watermark name ('' for none)
-- Result: per event '<its reservation here, or ->' blank '<1 when its record is here, else 0>' blank
--       '<highest level known here>' | 'refused ' and the error
local FIELDS = 3
--@include partition
--@include records
--@include remembered
--@include watermark

local function recall(at)
  local reserved = redis.call('GET', base .. 'reserved:' .. ARGV[at])
  local level = ARGV[at + 1] ~= '' and redis.call('HGET', mark_of(ARGV[at + 1]), ARGV[at + 2])
  return (reserved or '-') .. ' ' .. (is_remembered(ARGV[at]) and '1' or '0') .. ' ' .. (level or '0')
end

local results = {}
for at = 4, #ARGV, FIELDS do
  results[#results + 1] = guarded(recall, at)
end
return results
