#!lua flags=no-writes
-- What a partition knows of events that an archive has: which of them it remembers, and whose it must not take.
--
-- KEYS  1 the partition's stream
-- ARGV  four per event: id, entity key, entity key of the person it is about besides ('': nobody), server ms when it was
--       received
-- Result: per event 'erased' | 'known' | ''
local FIELDS = 4
--@include partition
--@include compact_records
--@include records
--@include remembered
--@include erased_people

local results = {}
for at = 1, #ARGV, FIELDS do
  local id, entity, person, received = unpack(ARGV, at, at + FIELDS - 1)
  if is_erased_person(entity, received) or is_erased_person(person, received) then
    results[#results + 1] = 'erased'
  else
    results[#results + 1] = is_remembered(id) and 'known' or ''
  end
end
return results
