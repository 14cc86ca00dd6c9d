#!lua flags=no-writes
-- What a partition knows of events, looked up without writing anything: no duplicate is counted.
--
-- KEYS  1 the partition's stream
-- ARGV  three per event: id, watermark subject, watermark name ('' for none)
-- Result: per event '<id of its entry here, or ->' blank '<token of the delivery that stored it, or ->' blank
--       '<highest level known here>' | 'refused ' and the error
--       What a single group has got from an archive has not arrived: the others are to get it.
local FIELDS = 3
--@include partition
--@include compact_records
--@include records
--@include watermark

local function arrival(at)
  local entry, token, copied = stored_as(ARGV[at])
  local level = ARGV[at + 1] ~= '' and redis.call('HGET', mark_of(ARGV[at + 1]), ARGV[at + 2])
  return (entry and not copied and entry or '-') .. ' ' .. (token or '-') .. ' ' .. (level or '0')
end

local results = {}
for at = 1, #ARGV, FIELDS do
  results[#results + 1] = guarded(arrival, at)
end
return results
