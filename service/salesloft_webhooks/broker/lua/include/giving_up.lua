-- Dead letters are made here. Needs: partition, group, records, outcomes, entries.

-- Copies an entry to the dead letters, whole, with why and when, and names the letter in the event's record, so that it
-- is found by the event's id; returns its fields (nil when it was deleted by hand). `set_outcome` gives the record its end.
local function add_dead_letter(id, reason, message, attempts, consumer)
  local fields = fields_at(id)
  if not fields.id then
    return nil
  end
  local words = words_of(fields, fields.only)
  for _, word in ipairs({ 'entry', id, 'reason', reason, 'error', message, 'attempts', attempts, 'died', ms(wall),
    'consumer', consumer }) do
    words[#words + 1] = word
  end
  local letter = redis.call('XADD', group_base .. ':dead', '*', unpack(words))
  remember_letter(fields.id, letter)
  return fields
end
