-- Entries of the stream, read and written whole. Needs: partition. What `of` says: broker/shared_bodies.py.
local NAMES = { 'id', 'type', 'key', 'src', 'at', 'made', 'tp', 'only', 'of', 'body' }
local CLOCK_DIGITS = 100000

-- How an entry that is stored right behind another one says where that is.
local function position_of(carrier)
  local carrier_ms, sequence = split_id(carrier)
  return string.format('%.0f-%.0f', carrier_ms % CLOCK_DIGITS, sequence)
end

local function carrier_at(id, position)
  local own_ms = split_id(id)
  local digits, sequence = split_id(position)
  return join_id(own_ms - (own_ms - digits) % CLOCK_DIGITS, sequence)
end

-- The entry that carries the body of another one; nil when that carries it itself.
local function carrier_of(id, fields)
  local position = string.match(fields.of or '', '^(%S+) ')
  return position and carrier_at(id, position)
end

-- The latest entry that was seen to carry a body: what refers to it comes right behind.
local seen_carrier, seen_body
local function body_at(id)
  if id ~= seen_carrier then
    local entry = redis.call('XRANGE', events, id, id)[1]
    seen_carrier, seen_body = id, entry and fields_of(entry[2]).body
  end
  return seen_body
end

-- Gives an entry's fields what stands elsewhere: its time, and the body it shares. Returns false when that body is gone,
-- deleted by hand; the fields are then those of an entry without data.
local function make_whole(id, fields)
  if fields.at == '' then
    fields.at = string.match(id, '^%d+')
  end
  local carrier = carrier_of(id, fields)
  if not carrier then
    seen_carrier, seen_body = id, fields.body
    return true
  end
  local body = body_at(carrier)
  fields.body, fields.of = body or '', body and string.match(fields.of, ' .*$') or ''
  return body ~= nil
end

-- The fields of an entry, made whole, and whether that succeeded; {} and false when it was deleted.
local function fields_at(id)
  local entry = redis.call('XRANGE', events, id, id)[1]
  local fields = entry and fields_of(entry[2]) or {}
  return fields, entry ~= nil and make_whole(id, fields)
end

-- The names and values of a copy of an entry, which stands alone.
local function words_of(fields, only)
  local words = {}
  for _, name in ipairs(NAMES) do
    words[#words + 1] = name
    words[#words + 1] = name == 'only' and only or fields[name] or ''
  end
  return words
end
