-- All that is known of one event, for people. Needs: partition, compact_records, records.

-- A flat list of names and values as `broker/records.py` describes them, wherever they stand.
local function whole_record(event_id)
  local flat = redis.call('HGETALL', record_of(event_id))
  local compact = compact_record(event_id)
  if not compact then
    return flat
  end
  local known, entry, token = fields_of(flat), entry_and_token(compact)
  local names = fields_of(redis.call('HGETALL', numbers_key))
  local words = { ENTRY, entry, TOKEN, token }
  for name, number in pairs(names) do
    if tonumber(number) and has_mark(compact, string.char(number)) and not known[name] then
      words[#words + 1] = name
      words[#words + 1] = 'done'
    end
  end
  for name, value in pairs(known) do
    if name ~= ENTRY and name ~= TOKEN then
      words[#words + 1] = name
      words[#words + 1] = value
    end
  end
  return words
end
