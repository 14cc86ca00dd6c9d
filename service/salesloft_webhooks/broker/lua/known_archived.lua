#!lua flags=no-writes
-- What a partition knows of events that an archive has: which of them it remembers, whose it must not take, and which
-- levels were reached.
--
-- KEYS  1 the partition's stream
-- ARGV  six per event: id, entity key, entity key of the person it is about besides ('': nobody), server ms when it was
--       received, watermark subject, watermark name ('' for none)
-- Result: per event 'erased' | 'known' | the highest level known here ('0': none)
local FIELDS = 6
--@include partition
--@include compact_records
--@include records
--@include remembered
--@include erased_people
--@include watermark

local function known(at)
  local id, entity, person, received, subject, name = unpack(ARGV, at, at + FIELDS - 1)
  if is_erased_person(entity, received) or is_erased_person(person, received) then
    return 'erased'
  elseif is_remembered(id) then
    return 'known'
  end
  local level = subject ~= '' and redis.pcall('HGET', mark_of(subject), name)
  return ms(type(level) == 'string' and tonumber(level) or 0)
end

local results = {}
for at = 1, #ARGV, FIELDS do
  results[#results + 1] = known(at)
end
return results
