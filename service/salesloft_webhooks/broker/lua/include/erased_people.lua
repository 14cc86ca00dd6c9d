-- Who was erased, and when: for archives, which still have their events. Needs: partition.
--
-- A hash of server ms by entity key, without an end: nobody knows how long an archive is kept. In each partition, so that
-- it is asked in the step that would bring an event back. What was received after that is news of somebody who came again.
local erased_people = base .. 'erased'

local function is_erased_person(entity_key, received)
  local at = entity_key ~= '' and redis.call('HGET', erased_people, entity_key)
  return at and tonumber(received) <= tonumber(at) or false
end
