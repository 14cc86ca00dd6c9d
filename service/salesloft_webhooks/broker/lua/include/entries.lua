-- Entries of the stream, read and written whole. Needs: partition. How a head is packed: broker/entry_head.py; what `of`
-- says: broker/shared_bodies.py.
local NAMES = { 'id', 'type', 'key', 'src', 'at', 'made', 'tp', 'only', 'of', 'body' }
local CLOCK_DIGITS = 100000

local entry_fields, head_of
do -- a script has room for 200 local names: those of heads end here
  local SHORT, LONG = '\1', '\4' -- a head's first byte: how many bytes each length has
  local HEADS = { [SHORT] = 'xBc0Bc0Bc0Bc0Bc0Bc0Bc0', [LONG] = '>xI4c0I4c0I4c0I4c0I4c0I4c0I4c0' }
  local UUID, OF_ITS_TYPE = 1, 2 -- what an id's first byte says
  local UUID_FORM = '%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x'
  -- In the order of TYPES in broker/entry_head.py: numbered for ever.
  local TYPES = {
    'account.created', 'account.deleted', 'account.updated', 'bulk_job.completed', 'cadence.created',
    'cadence.deleted', 'cadence.updated', 'cadence_membership.completed', 'cadence_membership.created',
    'cadence_membership.removed', 'cadence_membership.updated', 'call.completed', 'call.created', 'call.updated',
    'call_data_record.created', 'call_data_record.updated', 'conversation.created',
    'conversation_recording.created', 'conversation_transcript.created', 'email.bounced', 'email.clicked',
    'email.opened', 'email.replied', 'email.sent', 'email.updated', 'email_with_body_and_subject.updated',
    'meeting.booked', 'meeting.updated', 'note.created', 'note.deleted', 'note.updated', 'person.created',
    'person.deleted', 'person.updated', 'step.created', 'step.deleted', 'step.updated', 'success.created',
    'task.completed', 'task.created', 'task.deleted', 'task.updated', 'user.created', 'user.updated'
  }
  local PACKED = 1 -- the first byte of a packed type, and of a packed key

  local function unpacked_type(said)
    local mark, number = string.byte(said, 1, 2)
    return mark == PACKED and assert(TYPES[number + 1]) or said
  end

  local function unpacked_key(said)
    return string.byte(said) == PACKED and string.format('person:%.0f', (struct.unpack('>I5', said, 2))) or said
  end

  local function unpacked_id(said, event_type)
    local mark = string.byte(said)
    if mark == OF_ITS_TYPE then
      return event_type .. '/' .. string.sub(said, 2)
    elseif mark == UUID then
      return string.format(UUID_FORM, string.byte(said, 2, 17))
    end
    return said
  end

  local function read_head(flat)
    local head = flat[2]
    local id, event_type, key, src, at, made, tp, rest = struct.unpack(HEADS[string.sub(head, 1, 1)], head)
    assert(string.match(at, '^%d*$'))
    event_type = unpacked_type(event_type)
    return { head = head, id = unpacked_id(id, event_type), type = event_type, key = unpacked_key(key), src = src, at = at,
      made = made, tp = tp, only = '', of = string.sub(head, rest), body = flat[4] }
  end

  -- The fields of an entry by their names, whichever way it was written; `head` as it stands, where it has one. Source,
  -- time and trace context stay packed: no script reads them. A head that is damaged says nothing: the entry is then as
  -- one that somebody else has put into the stream, so that it never stops those beside it.
  function entry_fields(flat)
    if flat[1] ~= 'head' then
      return fields_of(flat)
    end
    local fine, fields = pcall(read_head, flat)
    return fine and fields or {}
  end

  -- The head of an entry, also of one that was written without.
  function head_of(fields)
    if fields.head then
      return fields.head
    end
    local words = {}
    for _, name in ipairs({ 'id', 'type', 'key', 'src', 'at', 'made', 'tp' }) do
      local value = fields[name] or ''
      words[#words + 1] = struct.pack('>I4', #value) .. value
    end
    return LONG .. table.concat(words) .. (fields.of or '')
  end
end

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

-- The entry that carries the body of another one; nil when that carries it itself. What has another form, or more digits
-- than an id, somebody else has written: to ask the server for it would end the script, at every call anew.
local function carrier_of(id, fields)
  local digits, sequence = string.match(fields.of or '', '^(%d+)%-(%d+) ')
  return digits and #digits <= 5 and #sequence <= 19 and carrier_at(id, digits .. '-' .. sequence) or nil
end

-- The latest entry that was seen to carry a body: what refers to it comes right behind.
local seen_carrier, seen_body
local function body_at(id)
  if id ~= seen_carrier then
    local entry = redis.call('XRANGE', events, id, id)[1]
    seen_carrier, seen_body = id, entry and entry_fields(entry[2]).body
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
  local fields = entry and entry_fields(entry[2]) or {}
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
