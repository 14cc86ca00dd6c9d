-- Dead letters are made here. Needs: partition, group, records, outcomes.

-- Copies an entry to the dead letters, whole, with why and when, and names the letter in the event's record, so that it
-- is found by the event's id; returns its fields (nil when it was deleted by hand). `set_outcome` gives the record its end.
local function add_dead_letter(id, reason, message, attempts, consumer)
  local entry = redis.call('XRANGE', events, id, id)[1]
  if not entry then
    return nil
  end
  local flat = entry[2]
  for _, word in ipairs({ 'entry', id, 'reason', reason, 'error', message, 'attempts', attempts, 'died', ms(wall),
    'consumer', consumer }) do
    flat[#flat + 1] = word
  end
  local letter = redis.call('XADD', group_base .. ':dead', '*', unpack(flat))
  local fields = fields_of(flat)
  remember_letter(fields.id or '', letter)
  return fields
end
